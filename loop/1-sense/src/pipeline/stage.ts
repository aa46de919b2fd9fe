import type { Nanos, Quality, Value } from "@millwright/core";

/** Where rows go that leave the pipeline. */
export interface RowSink {
	add(tag: number, time: Nanos, value: Value, quality: Quality): void;
}

/**
 * Of one tag since the first start of the data folder. A value is counted as read once its way is decided: rows that leave
 * + filtered + rejected = read + made after every call.
 */
export interface TagCounts {
	read: number;
	filtered: number;
	rejected: number;
	sent: number;
	/** Rows of the platform's own: marks of quality, statistics of windows. */
	made: number;
}

export const noCounts = (): TagCounts => ({ read: 0, filtered: 0, rejected: 0, sent: 0, made: 0 });

/** What one tag's rows go through last: decides which are passed on. Numbers only; NaN where a row has none. */
export interface Passing {
	/** `changed`: the quality differs from the row before. Good, uncertain and bad rows all come here. */
	row(time: Nanos, ms: number, value: number, quality: Quality, changed: boolean, out: RowSink): void;
	/** Hands out what is held back: windows that ended, and with `end` everything. */
	flush(nowMs: number, out: RowSink, end: boolean): void;
}

export const nanosOfMs = (ms: number): Nanos => BigInt(Math.round(ms)) * 1_000_000n;
