import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from "@duckdb/node-api";
import { createConverter } from "./converter.ts";
import type { ChildAnswer, ChildQuestion, TableLook } from "./protocol.ts";
import { isPattern } from "./times.ts";

// A process of its own: a file from outside may be anything, and a reader that falls over it takes nobody with it.

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const source = (file: string, format: "csv" | "parquet", delimiter?: string): string =>
	format === "csv"
		? `read_csv(${literal(file)}, all_varchar = true, header = true, null_padding = true, ignore_errors = false, strict_mode = false,
			max_line_size = 1048576${delimiter === undefined ? "" : `, delim = ${literal(delimiter)}`})`
		: `read_parquet(${literal(file)})`;

async function open(temporaryFolder: string): Promise<DuckDBConnection> {
	const instance = await DuckDBInstance.create(":memory:", {
		threads: "1",
		memory_limit: "512MB",
		temp_directory: temporaryFolder,
		autoinstall_known_extensions: "false",
		autoload_known_extensions: "false",
		preserve_insertion_order: "true",
	});
	return instance.connect();
}

async function look({ file, format, temporaryFolder }: Extract<ChildQuestion, { kind: "look" }>): Promise<TableLook> {
	const connection = await open(temporaryFolder);
	const from = source(file, format);
	const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${from}`);
	const columns = described.getRows().map((row) => ({ name: String(row[0]), type: String(row[1]) }));
	if (columns.length > 5000) throw new Error(`${columns.length} columns are more than the 5000 a table may have`);
	const shown = columns.slice(0, 200);
	const rows = await connection.runAndReadAll(
		`SELECT ${shown.map(({ name }) => `CAST(${quoted(name)} AS VARCHAR)`).join(", ")} FROM ${from} LIMIT 20`,
	);
	const count = await connection.runAndReadAll(`SELECT count(*) FROM ${from}`);
	let delimiter: string | undefined;
	if (format === "csv") {
		const sniffed = await connection.runAndReadAll(`SELECT Delimiter FROM sniff_csv(${literal(file)}, all_varchar = true)`);
		delimiter = (sniffed.getRows()[0]?.[0] as string | undefined)?.slice(0, 1);
	}
	return {
		columns,
		rows: rows.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell).slice(0, 200)))),
		count: Number(count.value(0, 0)),
		delimiter,
	};
}

async function* read({ query, temporaryFolder }: Extract<ChildQuestion, { kind: "read" }>): AsyncGenerator<ChildAnswer> {
	const connection = await open(temporaryFolder);
	const from = source(query.file, query.format, query.delimiter);
	const { time } = query;
	const timeText = isPattern(time.form)
		? `CAST(try_strptime(CAST(${quoted(time.column)} AS VARCHAR), ${literal(time.form)}) AS VARCHAR)`
		: `CAST(${quoted(time.column)} AS VARCHAR)`;
	const columns =
		query.shape === "long"
			? [query.tag, query.value, query.quality].filter((name): name is string => name !== undefined)
			: (query.columns ?? []);
	const result: DuckDBResult = await connection.stream(
		`SELECT ${[timeText, ...columns.map((name) => `CAST(${quoted(name)} AS VARCHAR)`)].join(", ")} FROM ${from}`,
	);
	const convert = createConverter(query);
	for await (const chunk of result)
		yield { kind: "chunk", chunk: convert(chunk.getColumns() as (string | null)[][], chunk.rowCount) };
	yield { kind: "end" };
}

const say = (answer: ChildAnswer): void => {
	process.send?.(answer);
};
const failed = (thrown: unknown): void =>
	say({
		kind: "failed",
		message: (thrown instanceof Error ? thrown.message : String(thrown)).split("\n").slice(0, 4).join(" ").slice(0, 600),
	});

let reading: AsyncGenerator<ChildAnswer> | undefined;
process.on("message", (question: ChildQuestion) => {
	if (question.kind === "look") look(question).then((found) => say({ kind: "look", look: found }), failed);
	else {
		if (question.kind === "read") reading = read(question);
		reading?.next().then(({ value }) => say((value as ChildAnswer | undefined) ?? { kind: "end" }), failed);
	}
});
// The parent is gone: nobody asks any more.
process.on("disconnect", () => process.exit(0));
