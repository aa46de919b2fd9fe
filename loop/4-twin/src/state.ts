import { isGood, type Nanos, Quality, type SampleBatch } from "@millwright/core";

interface Columns {
	values: Float64Array;
	times: BigInt64Array;
	quality: Uint8Array;
	lastGood: BigInt64Array;
	texts: Map<number, string>;
}

const emptyColumns = (capacity = 1024): Columns => ({
	values: new Float64Array(capacity).fill(Number.NaN),
	times: new BigInt64Array(capacity),
	quality: new Uint8Array(capacity).fill(Quality.badNotConnected),
	lastGood: new BigInt64Array(capacity),
	texts: new Map(),
});

/** The newest value of every tag, in columns by tag id. Answers "last value" without touching the history. */
export function createState(columns: Columns = emptyColumns()): State {
	let { values, times, quality, lastGood } = columns;
	const { texts } = columns;
	let capacity = values.length;

	function reach(id: number): void {
		if (id < capacity) return;
		const before = capacity;
		while (capacity <= id) capacity *= 2;
		const grown = emptyColumns(capacity);
		grown.values.set(values.subarray(0, before));
		grown.times.set(times.subarray(0, before));
		grown.quality.set(quality.subarray(0, before));
		grown.lastGood.set(lastGood.subarray(0, before));
		({ values, times, quality, lastGood } = grown);
	}

	function write(id: number, time: Nanos, value: number, text: string | undefined, code: number): void {
		reach(id);
		times[id] = time;
		quality[id] = code;
		if (isGood(code)) lastGood[id] = time;
		// A tag that was lost keeps the value it had: the quality says that it no longer holds.
		if (text !== undefined) {
			texts.set(id, text);
			values[id] = Number.NaN;
		} else if (!Number.isNaN(value)) {
			values[id] = value;
			if (texts.size > 0) texts.delete(id);
		}
	}

	return {
		/** False when the tag holds something newer already. */
		apply(batch: SampleBatch, row: number): boolean {
			const id = batch.tags[row] as number;
			reach(id);
			const time = batch.times[row] as bigint;
			if (time < (times[id] as bigint)) return false;
			write(
				id,
				time,
				batch.values[row] as number,
				batch.texts.size > 0 ? batch.texts.get(row) : undefined,
				batch.quality[row] as number,
			);
			return true;
		},
		write,
		/** The same as it is now; what happens to one does not happen to the other. */
		copy: (): State =>
			createState({
				values: values.slice(),
				times: times.slice(),
				quality: quality.slice(),
				lastGood: lastGood.slice(),
				texts: new Map(texts),
			}),
		value(id: number): number | string | null {
			const text = texts.get(id);
			if (text !== undefined) return text;
			const value = values[id];
			return value === undefined || Number.isNaN(value) ? null : value;
		},
		/** NaN where it is text or nothing. */
		number: (id: number): number => values[id] ?? Number.NaN,
		text: (id: number): string | undefined => texts.get(id),
		quality: (id: number): number => quality[id] ?? Quality.badNotConnected,
		/** 0n before the first value. */
		time: (id: number): Nanos => times[id] ?? 0n,
		lastGood: (id: number): Nanos => lastGood[id] ?? 0n,
	};
}

export interface State {
	apply(batch: SampleBatch, row: number): boolean;
	write(id: number, time: Nanos, value: number, text: string | undefined, code: number): void;
	copy(): State;
	value(id: number): number | string | null;
	number(id: number): number;
	text(id: number): string | undefined;
	quality(id: number): number;
	time(id: number): Nanos;
	lastGood(id: number): Nanos;
}
