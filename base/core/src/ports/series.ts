import type { SampleBatch } from "../sample-batch.ts";
import type { NumberRange } from "../sequence-set.ts";
import type { Nanos } from "../time.ts";

/** Half open: `from` inclusive, `until` exclusive, ns since 1970 UTC. */
export interface TimeRange {
	from: Nanos;
	until: Nanos;
}

/** Rows of one tag in time order, ties in order of arrival. */
export interface SeriesRows {
	times: BigInt64Array;
	/** NaN where the value is not a number. */
	values: Float64Array;
	quality: Uint8Array;
	texts?: ReadonlyMap<number, string>;
	/** Rows in the range before a limit or a reduction left some out; where the engine counted them. */
	samples?: number;
}

export const aggregateNames = [
	"count",
	"countGood",
	/** Arithmetic mean of good samples. */
	"mean",
	/** Mean over time: each good sample holds until the next one, whatever its quality; bad time is left out. */
	"timeWeightedMean",
	"min",
	"max",
	"first",
	"last",
	"sum",
	"stddev",
	/** ns of the bucket covered by good values. */
	"goodDuration",
] as const;
export type AggregateName = (typeof aggregateNames)[number];

export interface Buckets {
	/** Start of each bucket, aligned to 1970 UTC. Buckets without samples are missing, unless a value holds into them. */
	starts: BigInt64Array;
	/** One column a requested aggregate; NaN where it is undefined. */
	columns: Partial<Record<AggregateName, Float64Array>>;
}

/** Where rows lie: as they came, sorted and compressed, or brought in from elsewhere. */
export type SeriesTier = "hot" | "cold" | "brought";

export interface SeriesFigures {
	/** Over all tiers, like the four below. */
	rows: number;
	bytes: number;
	oldest: Nanos | undefined;
	newest: Nanos | undefined;
	tiers: Partial<Record<SeriesTier, { rows: number; bytes: number; oldest: Nanos | undefined; newest: Nanos | undefined }>>;
	/** Rows that were stored and can no longer be read: their piece of the store is damaged and was set aside. */
	missing?: readonly { day: Nanos; rows: number; file: string }[];
	/** Samples taken but not yet durable. */
	queued: number;
	flushes: number;
	lastFlushMs: number;
}

/**
 * Time series as the history asks for them. `tag` is an id of the process's tag directory.
 * Conformance: base/testkit, which every engine runs.
 */
export interface SeriesEngine {
	start(): Promise<void>;
	/** Flushes, then closes. */
	stop(): Promise<void>;
	/**
	 * Resolves when the batch is durable. A batch whose numbers were all stored before is dropped whole (`duplicate`);
	 * one that overlaps partly is stored without the known rows (row i has number first + i). A batch whose rows are not one a
	 * number is dropped when it is known whole and else stored whole; without rows it says that its numbers will never come.
	 * Appends become durable in call order; when one fails, those behind it fail too.
	 */
	append(batch: SampleBatch): Promise<{ stored: number; duplicate: number }>;
	/** Last number of the unbroken run that begins with the lowest one stored of a connection; -1 for an unknown connection. */
	storedThrough(connection: string): number;
	/** How many numbers of a connection are stored, over all starts; those said never to come count too. */
	storedCount(connection: string): number;
	/** Every connection that has stored anything. */
	connections(): string[];
	/** Which numbers of a connection are stored, ascending; what lies between two ranges is missing. Empty for an unknown one. */
	storedRanges(connection: string): NumberRange[];
	/** Unbounded ranges are the caller's fault: `limit` is obligatory, newest dropped beyond it, with `newestFirst` the oldest. Time order either way. */
	raw(query: { tag: number; range: TimeRange; limit: number; newestFirst?: boolean; signal?: AbortSignal }): Promise<SeriesRows>;
	/** The last sample before a time (exclusive), so that a line can begin at the edge of a chart. */
	before(query: {
		tags: readonly number[];
		time: Nanos;
		signal?: AbortSignal;
	}): Promise<Map<number, { time: Nanos; value: number; quality: number; text?: string }>>;
	/** Values of good samples only, but for `count`. A value holds until the next sample or the end of the range, never beyond now. */
	aggregate(query: {
		tags: readonly number[];
		range: TimeRange;
		bucket: Nanos;
		functions: readonly AggregateName[];
		signal?: AbortSignal;
	}): Promise<Map<number, Buckets>>;
	/** At most `points` a tag; the first, last, least and greatest of each pixel column survive (M4), and so does each edge of bad quality. */
	downsample(query: {
		tags: readonly number[];
		range: TimeRange;
		points: number;
		signal?: AbortSignal;
	}): Promise<Map<number, SeriesRows>>;
	/** Writes a file; columns tag (topic), time, value, text, quality. */
	export(query: {
		tags: readonly { id: number; topic: string }[];
		range: TimeRange;
		format: "csv" | "parquet";
		file: string;
		signal?: AbortSignal;
	}): Promise<{ rows: number }>;
	figures(): Promise<SeriesFigures>;

	/** UTC days within the range that hold rows, oldest first, one entry a tier: what a day costs, for forecasts and retention. */
	days(query: { range: TimeRange; signal?: AbortSignal }): Promise<SeriesDay[]>;
	/**
	 * Brings whole UTC days that end at or before `until` into their cold form: sorted by tag and time, compressed; late rows
	 * of days already cold are merged in. What a query answers never changes by it, at no moment. Idempotent; a kill leaves
	 * every row in exactly one tier.
	 */
	tidy(order: {
		until: Nanos;
		signal?: AbortSignal;
	}): Promise<{ days: number; rows: number; bytesBefore: number; bytesAfter: number }>;
	/** Forgets rows of these tags before a time, in every tier. The numbers stay known: what comes again is a duplicate. */
	forget(order: { tags: readonly number[]; before: Nanos; signal?: AbortSignal }): Promise<{ rows: number; bytes: number }>;
	/** Adds rows from elsewhere as one piece that can be taken out again; all or nothing. `id` is a new name of [a-z0-9_-]. */
	bringIn(order: { id: string; rows: AsyncIterable<BroughtRows>; signal?: AbortSignal }): Promise<{ rows: number }>;
	/** Removes what was brought in under this id; 0 rows when there is none. */
	takeOut(order: { id: string }): Promise<{ rows: number }>;
	/**
	 * Rows of many tags together in source-time order, ties by tag id, those of one tag in order of arrival: the plant as it
	 * happened. A page is full while there is a `next`; `after` goes on behind it.
	 */
	inOrder(query: {
		tags: readonly number[];
		range: TimeRange;
		limit: number;
		after?: InOrderPlace;
		signal?: AbortSignal;
	}): Promise<{ rows: BroughtRows; next: InOrderPlace | undefined }>;
	/** A whole, consistent copy of everything durable, made while running, into an empty folder; holds up no append for longer than a flush. */
	copyTo(order: { folder: string; signal?: AbortSignal }): Promise<{ rows: number; bytes: number }>;
	/** Fills an engine that has stored nothing yet from such a copy; call it before `start`. */
	restoreFrom(order: { folder: string }): Promise<{ rows: number }>;
}

export interface SeriesDay {
	/** Midnight UTC. */
	day: Nanos;
	rows: number;
	/** On disk; an estimate by share of rows where the engine cannot know better. */
	bytes: number;
	tier: SeriesTier;
}

/** Columns like those of a batch; row i is (tags[i], times[i], values[i], quality[i]). */
export interface BroughtRows {
	tags: Uint32Array;
	times: BigInt64Array;
	values: Float64Array;
	quality: Uint8Array;
	texts?: ReadonlyMap<number, string>;
}

/** Where a page ended; opaque to callers, plain JSON. */
export type InOrderPlace = string;
