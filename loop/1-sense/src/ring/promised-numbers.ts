import type { RingBatch } from "./messages.ts";
import { readNumbers, writeNumbers } from "./numbers-file.ts";

/** Numbers are promised in blocks of this size to a file beside the ring, so that a lost ring never repeats one. */
const promiseStep = 1_000_000;

/** Which numbers may have been used, per connection: rarely written, far ahead. */
export function openPromises(file: string) {
	const promised = readNumbers(file);
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
			if (isNew) writeNumbers(file, promised);
		},
	};
}
