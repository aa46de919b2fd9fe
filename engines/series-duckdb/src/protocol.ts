import type { AggregateName, ErrorBody, Nanos, NumberRange, SeriesDay, SeriesFigures } from "@millwright/core";
import type { InOrderAnswer } from "./queries/in-order.ts";
import type { Tidied } from "./tiers/tidy.ts";

/** Numbers stored, or to be stored, by connection. */
export type Progress = [connection: string, ranges: NumberRange[]][];

/** Many batches in one set of columns; rows in order of arrival. The buffer travels and comes back. */
export interface PackedRows {
	/** Times, values, tags, quality, one after the other, each `capacity` long. */
	buffer: ArrayBuffer;
	capacity: number;
	rows: number;
	texts: [row: number, text: string][];
	progress: Progress;
}

export interface StoreOptions {
	file: string;
	/** Of the files that hold warm, cold and brought days. */
	folder: string;
	/** Rows in the table beyond which they are moved into files. */
	rollRows: number;
	memoryMb: number;
	threads: number;
	temporaryFolder: string;
	/** Progress rows that may pile up before they are merged. */
	progressRows: number;
}

export type Query =
	| { kind: "raw"; tag: number; from: Nanos; until: Nanos; limit: number; newestFirst: boolean }
	| { kind: "before"; tags: readonly number[]; time: Nanos }
	| {
			kind: "aggregate";
			tags: readonly number[];
			from: Nanos;
			until: Nanos;
			/** No value holds beyond it. */
			holdUntil: Nanos;
			bucket: Nanos;
			functions: readonly AggregateName[];
	  }
	| { kind: "downsample"; tags: readonly number[]; from: Nanos; until: Nanos; points: number }
	| {
			kind: "export";
			tags: readonly { id: number; topic: string }[];
			from: Nanos;
			until: Nanos;
			format: "csv" | "parquet";
			file: string;
	  }
	| { kind: "days"; from: Nanos; until: Nanos }
	| { kind: "inOrder"; tags: readonly number[]; from: Nanos; until: Nanos; limit: number; after: string | undefined }
	| { kind: "holdings" }
	| { kind: "tidy"; until: Nanos }
	| { kind: "forget"; tags: readonly number[]; before: Nanos }
	| { kind: "bringOpen"; piece: string }
	| { kind: "bringRows"; piece: string; rows: PackedRows }
	| { kind: "bringFinish"; piece: string }
	| { kind: "bringDrop"; piece: string }
	| { kind: "takeOut"; piece: string }
	| { kind: "copyTo"; folder: string };

/** Rows of one tag as they travel back; `texts` as pairs. */
export interface RowsAnswer {
	tag: number;
	times: BigInt64Array;
	values: Float64Array;
	quality: Uint8Array;
	texts: [row: number, text: string][];
	/** Rows in the range before a limit or reduction. */
	samples: number;
}

export interface LastAnswer {
	tag: number;
	time: Nanos;
	value: number;
	quality: number;
	text: string | undefined;
}

export interface BucketsAnswer {
	tag: number;
	starts: BigInt64Array;
	columns: Partial<Record<AggregateName, Float64Array>>;
}

export interface Answers {
	raw: RowsAnswer;
	before: LastAnswer[];
	aggregate: BucketsAnswer[];
	downsample: RowsAnswer[];
	export: { rows: number };
	days: SeriesDay[];
	inOrder: InOrderAnswer;
	holdings: HoldingsAnswer;
	tidy: Tidied;
	forget: { rows: number; bytes: number };
	bringOpen: undefined;
	bringRows: undefined;
	bringFinish: { rows: number };
	bringDrop: undefined;
	takeOut: { rows: number };
	copyTo: { rows: number; bytes: number };
}

export type DaysAnswer = SeriesDay[];
export interface HoldingsAnswer {
	tiers: SeriesFigures["tiers"];
	missing: Missing[];
}
/** Rows that were stored and can no longer be read. */
export interface Missing {
	day: Nanos;
	rows: number;
	file: string;
}

/** What the table held when it was opened, or opened again. */
export interface Opened {
	progress: Progress;
	/** In files that were set aside in earlier runs. */
	missing: Missing[];
	/** Files moved aside because they could not be read. */
	quarantined: { files: string[]; reason: string } | undefined;
}

export type ToWorker =
	| { kind: "open"; options: StoreOptions }
	| { kind: "flush"; id: number; packs: PackedRows[] }
	| { kind: "query"; id: number; query: Query }
	| { kind: "cancel"; id: number }
	| { kind: "close" };

export type FromWorker =
	| { kind: "opened"; opened: Opened }
	| { kind: "open-failed"; error: ErrorBody }
	| { kind: "flushed"; id: number; buffers: ArrayBuffer[] }
	/** A file could not be read and was set aside. */
	| { kind: "damaged"; missing: Missing; reason: string }
	/** Rows could not be moved out of the table; it is tried again. */
	| { kind: "roll-failed"; error: ErrorBody }
	/** Nothing of the flush is stored; `opened` is the table as read afresh, where it could be. */
	| { kind: "flush-failed"; id: number; buffers: ArrayBuffer[]; error: ErrorBody; opened: Opened | undefined }
	| { kind: "answer"; id: number; value: unknown }
	| { kind: "failed"; id: number; error: ErrorBody };

/** Views on a pack's buffer. */
export function columnsOf(buffer: ArrayBuffer, capacity: number) {
	return {
		times: new BigInt64Array(buffer, 0, capacity),
		values: new Float64Array(buffer, capacity * 8, capacity),
		tags: new Uint32Array(buffer, capacity * 16, capacity),
		quality: new Uint8Array(buffer, capacity * 20, capacity),
	};
}
/** Bytes of one packed row: 8 time, 8 value, 4 tag, 1 quality. */
export const packedRowBytes = 21;
