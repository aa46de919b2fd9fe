import type { AggregateName, ErrorBody, Nanos, NumberRange } from "@millwright/core";

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
	  };

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
}

/** What the table held when it was opened, or opened again. */
export interface Opened {
	progress: Progress;
	rows: number;
	oldest: Nanos | undefined;
	newest: Nanos | undefined;
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
	| { kind: "flushed"; id: number; buffers: ArrayBuffer[]; rows: number; oldest: Nanos | undefined; newest: Nanos | undefined }
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
