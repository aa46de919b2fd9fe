/** Reads tables of history from files; given by whoever puts the platform together. Cells are text until a plan says what they are. */
export interface TableReader {
	look(about: { file: string; format: "csv" | "parquet"; signal?: AbortSignal }): Promise<{
		columns: { name: string; type: string }[];
		rows: (string | null)[][];
		count: number;
		delimiter: string | undefined;
	}>;
	/** In the file's order, pieces of a few thousand rows. */
	read(query: TableQuery, signal?: AbortSignal): AsyncIterable<TablePiece>;
}

export interface TableQuery {
	file: string;
	format: "csv" | "parquet";
	shape: "long" | "wide";
	time: { column: string; form: string; zone: string };
	tag?: string;
	value?: string;
	quality?: string;
	columns?: readonly string[];
	delimiter?: string;
	decimal: "." | ",";
}

export interface TablePiece {
	/** Names seen for the first time; `name` counts through them from piece to piece. */
	newNames: string[];
	name: Uint32Array;
	/** ns since 1970 UTC. */
	times: BigInt64Array;
	values: Float64Array;
	quality: (string | null)[] | undefined;
	texts: [row: number, text: string][];
	fileRows: number;
	refused: number;
	problems: { row: number; code: string; message: string }[];
}
