import {
	type AggregateName,
	Quality,
	type SampleBatch,
	SampleBatchBuilder,
	type SeriesEngine,
	type SeriesRows,
	type Value,
} from "@millwright/core";

export interface SeriesPeer {
	/** Not started. */
	engine: SeriesEngine;
	/** Stops this one and gives another, not started, over the same data. */
	again(): Promise<SeriesEngine>;
	/** An engine beside it that has stored nothing, not started; `close` after it has stopped. */
	another(): Promise<{ engine: SeriesEngine; close(): Promise<void> }>;
	/** Called after the engine has stopped. */
	close(): Promise<void>;
}

/** What a suite's tests work with; every test has tags and connections of its own. */
export interface SeriesKit {
	readonly engine: SeriesEngine;
	readonly peer: SeriesPeer;
	/** For files; removed afterwards. */
	readonly folder: string;
	/** Stops the engine and puts another in its place, not started. */
	reopen(): Promise<void>;
	newTag(): number;
	newConnection(): string;
	/** Appends as one batch; the tag they went to. */
	store(points: readonly Point[], tag?: number): Promise<number>;
	/** Rows of the suite's day. */
	all(tag: number): Promise<SeriesRows>;
}

export interface Point {
	time: bigint;
	value: Value;
	quality: number;
}

export const second = 1_000_000_000n;
export const hour = 3600n * second;
export const day = 24n * hour;
/** 2026-01-05 06:00:00 UTC. */
export const start = 1_767_592_800n * second;
export const range = { from: start, until: start + day };

export const point = (seconds: number, value: Value, quality: number = Quality.good): Point => ({
	time: start + BigInt(Math.round(seconds * 1e9)),
	value,
	quality,
});

export function seriesBatch(
	connection: string,
	first: number,
	points: readonly { tag: number; time: bigint; value: Value; quality: number }[],
	last?: number,
): SampleBatch {
	const builder = new SampleBatchBuilder(Math.max(1, points.length));
	for (const { tag, time, value, quality } of points) builder.add(tag, time, value, quality);
	return builder.take({ connection, first, ...(last === undefined ? {} : { last }) });
}

const numbersOf = (column: Float64Array) => [...column].map((value) => (Number.isNaN(value) ? null : value));
export const numbers = (rows: { values: Float64Array }) => numbersOf(rows.values);
export const seconds = (rows: { times: BigInt64Array }) => [...rows.times].map((time) => Number(time - start) / 1e9);

/** Buckets of one tag with seconds since `start`, as plain lists. */
export async function aggregateOne(
	engine: SeriesEngine,
	tag: number,
	functions: readonly AggregateName[],
	{ from = 0, until = 60, bucket = 10 }: { from?: number; until?: number; bucket?: number } = {},
) {
	const answer = await engine.aggregate({
		tags: [tag],
		range: { from: start + BigInt(from) * second, until: start + BigInt(until) * second },
		bucket: BigInt(bucket) * second,
		functions,
	});
	const { starts, columns } = answer.get(tag) ?? { starts: new BigInt64Array(), columns: {} };
	return {
		starts: seconds({ times: starts }),
		...Object.fromEntries(functions.map((name) => [name, numbersOf(columns[name] ?? new Float64Array())])),
	};
}
