import { setImmediate as nextTurn } from "node:timers/promises";
import { asMillwrightError, type Clock, decodeBatch, type Log, type SampleBatch } from "@millwright/core";
import { emptyBatch } from "./empty-batch.ts";
import type { Lane } from "./lane.ts";
import type { RingBatch } from "./messages.ts";

const chunkBytes = 512 * 1024;
/** Rows handed out ahead of their acknowledgement. */
const window = 200_000;
const longestWaitMs = 5000;

/**
 * Reads a connection's numbers from the ring and hands them on, in order, one batch a turn of the event loop and not far
 * ahead of the acknowledgements. `through` may grow meanwhile.
 */
export async function deliver({
	lane,
	from,
	through,
	read,
	send,
	isHistorical,
	clock,
	log,
	signal,
}: {
	lane: Lane;
	from: number;
	through: () => number;
	read: (from: number, through: number, maxBytes: number) => Promise<{ batches: RingBatch[] }>;
	send: (batch: SampleBatch) => void;
	isHistorical: (batch: SampleBatch) => boolean;
	clock: Clock;
	log: Log;
	signal: AbortSignal;
}): Promise<{ rows: number }> {
	let at = from;
	let rows = 0;
	let isHeard = true;
	while (at <= through() && !signal.aborted) {
		const end = through();
		const { batches } = await read(at, end, chunkBytes);
		if (batches.length === 0) {
			send(emptyBatch(lane.connection, at, end));
			at = end + 1;
			break;
		}
		for (const { first, last, bytes } of batches) {
			if (signal.aborted) break;
			if (first > at) send(emptyBatch(lane.connection, at, first - 1));
			try {
				const batch = decodeBatch(bytes);
				send(isHistorical(batch) ? { ...batch, historical: true } : batch);
				rows += batch.length;
			} catch (thrown) {
				log.error("A batch in the ring cannot be read and is given up", {
					connection: lane.connection,
					first,
					last,
					reason: asMillwrightError(thrown).message,
				});
				lane.expired += last - first + 1;
				send(emptyBatch(lane.connection, first, last));
			}
			at = last + 1;
			await nextTurn();
		}
		const waitFrom = clock.monotonicMs();
		while (isHeard && at - 1 - Math.max(lane.acknowledged, from - 1) > window && !signal.aborted) {
			if (clock.monotonicMs() - waitFrom > longestWaitMs) isHeard = false;
			await clock.sleep(10, signal).catch(() => {});
		}
	}
	return { rows };
}
