/** How a table of history is laid out; names are the file's own. */
export interface TableQuery {
	file: string;
	format: "csv" | "parquet";
	shape: "long" | "wide";
	time: { column: string; form: string; zone: string };
	/** Long tables. */
	tag?: string;
	value?: string;
	quality?: string;
	/** Wide tables: the columns that hold values. */
	columns?: readonly string[];
	delimiter?: string;
	decimal: "." | ",";
}

/** Some rows in columns. `name` indexes `names`, which goes on from chunk to chunk: only what is new is listed. */
export interface TableChunk {
	newNames: string[];
	name: Uint32Array;
	/** ns since 1970 UTC. */
	times: BigInt64Array;
	/** NaN where the value is a text or missing. */
	values: Float64Array;
	/** Word or code as the file has it, by row; undefined without such a column. */
	quality: (string | null)[] | undefined;
	texts: [row: number, text: string][];
	/** Rows of the file this chunk was made from. */
	fileRows: number;
	/** Rows that could not be read; `row` counts from 1 after the heading. The first few of the chunk with words. */
	refused: number;
	problems: { row: number; code: string; message: string }[];
}

export interface TableLook {
	columns: { name: string; type: string }[];
	rows: (string | null)[][];
	count: number;
	delimiter: string | undefined;
}

export type ChildQuestion =
	| { kind: "look"; file: string; format: "csv" | "parquet"; temporaryFolder: string }
	| { kind: "read"; query: TableQuery; temporaryFolder: string }
	| { kind: "next" };
export type ChildAnswer =
	| { kind: "look"; look: TableLook }
	| { kind: "chunk"; chunk: TableChunk }
	| { kind: "end" }
	| { kind: "failed"; message: string };
