import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * A number that rises with each start, also where the clock went back: it tells the centre's peer of today from a
 * recording. Written down before it is used.
 */
export function nextEpoch(file: string, nowMs: number): number {
	const epoch = Math.max(Math.floor(nowMs), former(file) + 1);
	mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
	const handle = openSync(`${file}.new`, "w", 0o600);
	try {
		writeSync(handle, JSON.stringify({ epoch }));
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
	renameSync(`${file}.new`, file);
	return epoch;
}

function former(file: string): number {
	try {
		const { epoch } = JSON.parse(readFileSync(file, "utf8")) as { epoch?: unknown };
		return typeof epoch === "number" && Number.isSafeInteger(epoch) ? epoch : 0;
	} catch {
		return 0;
	}
}
