import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Numbers by connection from a small file; nothing where there is none or it is broken. */
export function readNumbers(file: string): Map<string, number> {
	const numbers = new Map<string, number>();
	try {
		for (const [connection, number] of Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>))
			if (Number.isSafeInteger(number)) numbers.set(connection, number as number);
	} catch {
		// Missing, or torn by something that was not us: we replace it whole.
	}
	return numbers;
}

/** Replaces the file as a whole; durable before it returns. */
export function writeNumbers(file: string, numbers: ReadonlyMap<string, number>): void {
	const temporary = `${file}.new`;
	const handle = openSync(temporary, "w", 0o600);
	try {
		// Not writeSync: a disk about to be full writes a part and says nothing.
		writeFileSync(handle, JSON.stringify(Object.fromEntries(numbers)));
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
	renameSync(temporary, file);
	syncFolder(dirname(file));
}

export function removeDurably(file: string): void {
	rmSync(file, { force: true });
	syncFolder(dirname(file));
}

/** A rename is durable once its folder is; Windows has no such handle and needs none. */
function syncFolder(folder: string): void {
	if (process.platform === "win32") return;
	const handle = openSync(folder, "r");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}
