import { msAt, type SampleBatch } from "@millwright/core";

/** Oldest and newest source time of a batch, ms, rounded away from each other; NaN without rows. */
export function sourceSpan(batch: SampleBatch): { oldestMs: number; newestMs: number } {
	if (batch.length === 0) return { oldestMs: Number.NaN, newestMs: Number.NaN };
	const halves = new Uint32Array(batch.times.buffer, batch.times.byteOffset, batch.length * 2);
	let [oldest, newest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
	let [low, high] = [-1, -1];
	for (let at = 0; at < halves.length; at += 2) {
		// Rows of one request share their time.
		if (halves[at] === low && halves[at + 1] === high) continue;
		low = halves[at] as number;
		high = halves[at + 1] as number;
		const ms = msAt(batch, at >> 1);
		if (ms < oldest) oldest = ms;
		if (ms > newest) newest = ms;
	}
	return { oldestMs: Math.floor(oldest), newestMs: Math.ceil(newest) };
}

/** The rows of a connection's batch with numbers in [first, last], which keep their numbers. */
export function sliceBatch(batch: SampleBatch, first: number, last: number): SampleBatch {
	const from = Math.max(first, batch.first);
	const through = Math.min(last, batch.last);
	if (from === batch.first && through === batch.last) return batch;
	if (batch.length === 0) return { ...batch, first: from, last: through };
	const [begin, end] = [from - batch.first, through - batch.first + 1];
	return {
		...batch,
		first: from,
		last: through,
		length: end - begin,
		tags: batch.tags.slice(begin, end),
		times: batch.times.slice(begin, end),
		values: batch.values.slice(begin, end),
		quality: batch.quality.slice(begin, end),
		texts: new Map([...batch.texts].filter(([row]) => row >= begin && row < end).map(([row, text]) => [row - begin, text])),
	};
}

/** Some rows of a batch, and the number of each; undefined when there are none. */
export function pickRows(
	batch: SampleBatch,
	isWanted: (row: number) => boolean,
): { batch: SampleBatch; numbers: Float64Array } | undefined {
	const rows: number[] = [];
	for (let row = 0; row < batch.length; row++) if (isWanted(row)) rows.push(row);
	if (rows.length === 0) return undefined;
	const numbers = Float64Array.from(rows, (row) => batch.first + row);
	const picked = <T extends Uint8Array | Uint32Array | Float64Array | BigInt64Array>(column: T): T => {
		const made = column.slice(0, rows.length) as T;
		for (const [at, row] of rows.entries()) made[at] = column[row] as number & bigint;
		return made;
	};
	return {
		numbers,
		batch: {
			...batch,
			first: numbers[0] as number,
			last: numbers.at(-1) as number,
			length: rows.length,
			tags: picked(batch.tags),
			times: picked(batch.times),
			values: picked(batch.values),
			quality: picked(batch.quality),
			texts: new Map(rows.flatMap((row, at) => (batch.texts.has(row) ? [[at, batch.texts.get(row) as string] as const] : []))),
		},
	};
}
