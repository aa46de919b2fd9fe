/** Rows of one tag within one UTC day, in time order, ties in order of arrival. */
export interface DayRows {
	/** Midnight UTC, ns. */
	day: bigint;
	/** ns since that midnight: whole numbers a double holds exactly. */
	offsets: Float64Array;
	/** NaN where there is no number. */
	values: Float64Array;
	quality: Uint8Array;
	texts: ReadonlyMap<number, string> | undefined;
}

export const dayNs = 86_400_000_000_000n;
export const dayLength = Number(dayNs);
export const dayOf = (time: bigint): bigint => time - (((time % dayNs) + dayNs) % dayNs);

/** Rows `from` to `until` (exclusive), without copying the columns. */
export function sliceRows(rows: DayRows, from: number, until: number): DayRows {
	if (from === 0 && until === rows.offsets.length) return rows;
	const texts = new Map<number, string>();
	if (rows.texts) for (const [row, text] of rows.texts) if (row >= from && row < until) texts.set(row - from, text);
	return {
		day: rows.day,
		offsets: rows.offsets.subarray(from, until),
		values: rows.values.subarray(from, until),
		quality: rows.quality.subarray(from, until),
		texts: texts.size > 0 ? texts : undefined,
	};
}

/** First row at or after an offset. */
export function rowAt(offsets: Float64Array, offset: number): number {
	let low = 0;
	let high = offsets.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((offsets[middle] as number) < offset) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** Rows of one day that lie in [from, until). */
export function cutRows(rows: DayRows, from: bigint, until: bigint): DayRows {
	const start = from <= rows.day ? 0 : rowAt(rows.offsets, Number(from - rows.day));
	const end = until - rows.day >= dayNs ? rows.offsets.length : rowAt(rows.offsets, Number(until - rows.day));
	return sliceRows(rows, start, Math.max(start, end));
}

/** Several runs of the same day as one; of equal times the row of the earlier run comes first. */
export function mergeRows(runs: readonly DayRows[]): DayRows {
	const filled = runs.filter(({ offsets }) => offsets.length > 0);
	const first = filled[0] ?? runs[0];
	if (!first) throw new RangeError("nothing to merge");
	if (filled.length <= 1) return first;
	const length = filled.reduce((sum, { offsets }) => sum + offsets.length, 0);
	const merged = {
		day: first.day,
		offsets: new Float64Array(length),
		values: new Float64Array(length),
		quality: new Uint8Array(length),
		texts: filled.some(({ texts }) => texts) ? new Map<number, string>() : undefined,
	};
	const inTurn = filled.every(
		(run, i) => i === 0 || (run.offsets[0] as number) >= ((filled[i - 1] as DayRows).offsets.at(-1) as number),
	);
	if (inTurn) {
		let at = 0;
		for (const run of filled) {
			merged.offsets.set(run.offsets, at);
			merged.values.set(run.values, at);
			merged.quality.set(run.quality, at);
			if (run.texts) for (const [row, text] of run.texts) merged.texts?.set(at + row, text);
			at += run.offsets.length;
		}
		return merged;
	}
	const places = filled.map(() => 0);
	for (let at = 0; at < length; at++) {
		let best = -1;
		let least = Number.POSITIVE_INFINITY;
		for (let i = 0; i < filled.length; i++) {
			const offset = filled[i]?.offsets[places[i] as number];
			if (offset !== undefined && offset < least) {
				least = offset;
				best = i;
			}
		}
		const run = filled[best] as DayRows;
		const row = places[best] as number;
		places[best] = row + 1;
		merged.offsets[at] = least;
		merged.values[at] = run.values[row] as number;
		merged.quality[at] = run.quality[row] as number;
		const text = run.texts?.get(row);
		if (text !== undefined) merged.texts?.set(at, text);
	}
	return merged;
}
