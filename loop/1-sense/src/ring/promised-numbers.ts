import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { RingBatch } from "./messages.ts";

/** Numbers are promised in blocks of this size to a file beside the ring, so that a lost ring never repeats one. */
const promiseStep = 1_000_000;

/** Which numbers may have been used, per connection: rarely written, far ahead. */
export function openPromises(file: string) {
	const promised = new Map<string, number>();
	try {
		for (const [connection, through] of Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>))
			if (Number.isSafeInteger(through)) promised.set(connection, through as number);
	} catch {
		// Missing at the first start; a broken one is replaced with the next promise.
	}
	return {
		all: (): [string, number][] => [...promised],
		/** Durable before it returns. */
		keep(batches: readonly RingBatch[]): void {
			let isNew = false;
			for (const { connection, last } of batches) {
				if (last < (promised.get(connection) ?? 0)) continue;
				promised.set(connection, Math.ceil((last + 1) / promiseStep) * promiseStep);
				isNew = true;
			}
			if (!isNew) return;
			const temporary = `${file}.new`;
			const handle = openSync(temporary, "w", 0o600);
			try {
				// Not writeSync: a disk about to be full writes a part and says nothing.
				writeFileSync(handle, JSON.stringify(Object.fromEntries(promised)));
				fsyncSync(handle);
			} finally {
				closeSync(handle);
			}
			renameSync(temporary, file);
			syncFolder(dirname(file));
		},
	};
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
