import { asMillwrightError, decodeBatch, type Log, MillwrightError, msAt, type SampleBatch } from "@millwright/core";
import type { SampleStore } from "../api.ts";
import { emptyBatch } from "./empty-batch.ts";
import type { Lane } from "./lane.ts";
import type { RingBatch } from "./messages.ts";
import type { Reading } from "./reading.ts";
import { pickRows, sliceBatch } from "./rows.ts";

/** What comes out later than this after it was read says that it is historical, ms. */
export const liveMs = 10_000;
const chunkBytes = 512 * 1024;
/** Batches are small where machines are: so much is fetched for a row asked for, bytes. */
const bytesPerRow = 32;
const mostRowsAtOnce = 200_000;
const mostRanges = 10_000;

/** The ring for consumers that come and fetch. */
export function createSampleStore({
	lanes,
	isOpen,
	reading,
	wallMs,
	log,
}: {
	lanes: ReadonlyMap<string, Lane>;
	isOpen: () => boolean;
	reading: Reading;
	/** As `readAtMs` of batches is measured. */
	wallMs: () => number;
	log: Log;
}): SampleStore {
	/** Numbers of a batch nobody can read come without rows. */
	function decoded({ connection, first, last, bytes }: RingBatch): SampleBatch {
		try {
			const batch = decodeBatch(bytes);
			return wallMs() - batch.readAtMs > liveMs ? { ...batch, historical: true } : batch;
		} catch (thrown) {
			log.error("A batch in the ring cannot be read", { connection, first, last, reason: asMillwrightError(thrown).message });
			return emptyBatch(connection, first, last);
		}
	}

	function laneOf(connection: string): Lane {
		const lane = lanes.get(connection);
		if (lane) return lane;
		throw new MillwrightError("sense.connection-unknown", `The ring has no numbers of a connection "${connection}"`, {
			kind: "missing",
		});
	}

	return {
		isOpen,
		connections: () => [...lanes.values()].filter(({ committed }) => committed >= 0).map(({ connection }) => connection),
		committed: (connection) => lanes.get(connection)?.committed ?? -1,
		unacknowledged: (connection, limit = mostRanges) => lanes.get(connection)?.unacknowledged(0, limit) ?? [],
		async pull(connection, from, maxRows) {
			const lane = laneOf(connection);
			const most = Math.min(maxRows, mostRowsAtOnce);
			const batches: SampleBatch[] = [];
			let at = Math.max(0, from);
			for (let rows = 0; rows < most; ) {
				const [open] = lane.unacknowledged(at, 1);
				if (!open) return { batches, next: lane.committed + 1 };
				at = open.first;
				const found = await reading.read(connection, at, open.last, Math.min(chunkBytes, (most - rows) * bytesPerRow));
				for (const one of found.batches) {
					if (rows >= most) break;
					if (one.first > at) batches.push(emptyBatch(connection, at, one.first - 1));
					const begin = Math.max(at, one.first);
					const last = Math.min(one.last, open.last, begin + most - rows - 1);
					const batch = sliceBatch(decoded(one), begin, last);
					batches.push(batch);
					rows += batch.length;
					at = last + 1;
				}
				if (found.batches.length === 0) {
					batches.push(emptyBatch(connection, at, open.last));
					at = open.last + 1;
				}
				if (batches.length > most) break;
			}
			return { batches, next: at };
		},
		async *replayRange({ connection, tags, from, until, signal }) {
			laneOf(connection);
			const wanted = tags && new Set(tags);
			let next: number | undefined = 0;
			while (next !== undefined) {
				signal?.throwIfAborted();
				const found: Awaited<ReturnType<Reading["scan"]>> = await reading.scan({
					connection,
					from: next,
					fromMs: from,
					untilMs: until,
					maxBytes: chunkBytes,
				});
				for (const one of found.batches) {
					const batch = decoded(one);
					const rows = pickRows(batch, (row) => {
						const ms = msAt(batch, row);
						return ms >= from && ms < until && (wanted === undefined || wanted.has(batch.tags[row] as number));
					});
					if (rows) yield { ...rows, batch: { ...rows.batch, historical: true } };
				}
				next = found.next;
			}
		},
		async *kept({ connection, first, last, signal }) {
			laneOf(connection);
			for (let at = first; at <= last; ) {
				signal?.throwIfAborted();
				const { batches } = await reading.read(connection, at, last, chunkBytes);
				if (batches.length === 0) return;
				for (const one of batches) {
					const batch = sliceBatch(decoded(one), Math.max(at, one.first), Math.min(last, one.last));
					if (batch.length > 0) yield { ...batch, historical: true };
					at = one.last + 1;
				}
			}
		},
	};
}
