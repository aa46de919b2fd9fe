import type { BroughtRows, NumberRange, SampleBatch } from "@millwright/core";
import { columnsOf, type PackedRows, packedRowBytes } from "./protocol.ts";

export interface Waiter {
	stored: number;
	duplicate: number;
	resolve(counts: { stored: number; duplicate: number }): void;
	reject(error: Error): void;
}

/** Rows and promises that become durable together. */
export interface Pack {
	readonly capacity: number;
	rows: number;
	/** Of its batches in the queue. */
	weight: number;
	waiters: Waiter[];
	addRows(batch: SampleBatch, from: number, until: number): void;
	addProgress(connection: string, first: number, last: number): void;
	/** The message for the worker; the pack's buffer goes with it. */
	seal(): PackedRows;
	readonly progress: ReadonlyMap<string, readonly NumberRange[]>;
}

/** Buffers go to the worker and come back; a few of the usual size are kept for the next packs. */
export function createPacks({ capacity: usual, keep = 8 }: { capacity: number; keep?: number }) {
	const free: ArrayBuffer[] = [];
	const usualBytes = usual * packedRowBytes;

	return {
		open(atLeast: number): Pack {
			const capacity = Math.max(usual, Math.ceil(atLeast / 8) * 8);
			const buffer = (capacity === usual ? free.pop() : undefined) ?? new ArrayBuffer(capacity * packedRowBytes);
			return createPack(buffer, capacity);
		},
		giveBack(buffers: readonly ArrayBuffer[]): void {
			for (const buffer of buffers) if (free.length < keep && buffer.byteLength === usualBytes) free.push(buffer);
		},
	};
}

function createPack(buffer: ArrayBuffer, capacity: number): Pack {
	const columns = columnsOf(buffer, capacity);
	const texts: [number, string][] = [];
	const progress = new Map<string, NumberRange[]>();
	return {
		capacity,
		rows: 0,
		weight: 0,
		waiters: [],
		progress,
		addRows(batch, from, until) {
			const at = this.rows;
			const count = until - from;
			if (count === 0) return;
			if (count === batch.times.length) {
				columns.times.set(batch.times, at);
				columns.values.set(batch.values, at);
				columns.tags.set(batch.tags, at);
				columns.quality.set(batch.quality, at);
			} else {
				columns.times.set(batch.times.subarray(from, until), at);
				columns.values.set(batch.values.subarray(from, until), at);
				columns.tags.set(batch.tags.subarray(from, until), at);
				columns.quality.set(batch.quality.subarray(from, until), at);
			}
			if (batch.texts.size > 0)
				for (const [row, text] of batch.texts) if (row >= from && row < until) texts.push([at + row - from, text]);
			this.rows = at + count;
		},
		addProgress(connection, first, last) {
			const ranges = progress.get(connection);
			const newest = ranges?.at(-1);
			if (newest?.last === first - 1) newest.last = last;
			else if (ranges) ranges.push({ first, last });
			else progress.set(connection, [{ first, last }]);
		},
		seal() {
			return { buffer, capacity, rows: this.rows, texts, progress: [...progress] };
		},
	};
}

const broughtAtOnce = 65_536;

/** Rows from elsewhere in pieces of bounded size. */
export function* packsOf({ tags, times, values, quality, texts }: BroughtRows): Generator<PackedRows> {
	for (let from = 0; from < tags.length; from += broughtAtOnce) {
		const rows = Math.min(broughtAtOnce, tags.length - from);
		const capacity = Math.ceil(rows / 8) * 8;
		const buffer = new ArrayBuffer(capacity * packedRowBytes);
		const columns = columnsOf(buffer, capacity);
		columns.times.set(times.subarray(from, from + rows));
		columns.values.set(values.subarray(from, from + rows));
		columns.tags.set(tags.subarray(from, from + rows));
		columns.quality.set(quality.subarray(from, from + rows));
		const own = [...(texts ?? [])].filter(([row]) => row >= from && row < from + rows).sort(([a], [b]) => a - b);
		yield { buffer, capacity, rows, texts: own.map(([row, text]) => [row - from, text]), progress: [] };
	}
}
