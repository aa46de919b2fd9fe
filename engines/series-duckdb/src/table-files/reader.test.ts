import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTableReader, type TableChunk, type TableQuery } from "./reader.ts";

let folder = "";
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "table-"));
});
afterEach(() => rm(folder, { recursive: true }));

const reader = () => createTableReader({ temporaryFolder: folder });
const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

async function rowsOf(query: TableQuery): Promise<{ rows: unknown[][]; chunks: TableChunk[] }> {
	const names: string[] = [];
	const rows: unknown[][] = [];
	const chunks: TableChunk[] = [];
	for await (const chunk of reader().read(query)) {
		chunks.push(chunk);
		names.push(...chunk.newNames);
		const texts = new Map(chunk.texts);
		for (let row = 0; row < chunk.name.length; row++)
			rows.push([names[chunk.name[row] as number], chunk.times[row], texts.get(row) ?? chunk.values[row], chunk.quality?.[row]]);
	}
	return { rows, chunks };
}

const long = {
	shape: "long",
	format: "csv",
	time: { column: "t", form: "iso", zone: "UTC" },
	tag: "tag",
	value: "v",
	decimal: ".",
} as const;

test("a long CSV file becomes samples with numbers, truths and words; what cannot be read is told by row", async () => {
	const file = join(folder, "a.csv");
	await writeFile(
		file,
		[
			"t,tag,v,q",
			"2026-01-05T06:00:00Z,a,1.5,good",
			"2026-01-05T06:00:01Z,b,true,192",
			"soon,a,2,",
			'2026-01-05T06:00:02Z,a,"run, slow",bad',
			"2026-01-05T06:00:03Z,,1,",
		].join("\n"),
	);
	const { rows, chunks } = await rowsOf({ ...long, file, quality: "q" });
	expect(rows).toEqual([
		["a", at("2026-01-05T06:00:00Z"), 1.5, "good"],
		["b", at("2026-01-05T06:00:01Z"), 1, "192"],
		["a", at("2026-01-05T06:00:02Z"), "run, slow", "bad"],
	]);
	expect(chunks[0]).toMatchObject({
		fileRows: 5,
		refused: 2,
		problems: [
			{ row: 3, code: "history.import-time-unreadable" },
			{ row: 5, code: "history.import-tag-missing" },
		],
	});
});

test("a wide file with semicolons, decimal commas and local times leaves empty cells out", async () => {
	const file = join(folder, "b.csv");
	await writeFile(file, "Zeit;Druck;Temp\n05.07.2026 06:00:00;1.234,5;\n05.07.2026 06:00:01;2,5;-7,25\n");
	const look = await reader().look({ file, format: "csv" });
	expect(look).toMatchObject({ columns: [{ name: "Zeit" }, { name: "Druck" }, { name: "Temp" }], count: 2, delimiter: ";" });
	const { rows } = await rowsOf({
		file,
		format: "csv",
		shape: "wide",
		time: { column: "Zeit", form: "%d.%m.%Y %H:%M:%S", zone: "Europe/Madrid" },
		columns: ["Druck", "Temp"],
		delimiter: ";",
		decimal: ",",
	});
	expect(rows).toEqual([
		["Druck", at("2026-07-05T04:00:00Z"), 1234.5, undefined],
		["Druck", at("2026-07-05T04:00:01Z"), 2.5, undefined],
		["Temp", at("2026-07-05T04:00:01Z"), -7.25, undefined],
	]);
});

test("a Parquet file keeps nanoseconds and doubles as they are, over many pieces", async () => {
	const file = join(folder, "c.parquet");
	const connection = await (await DuckDBInstance.create(":memory:")).connect();
	await connection.run(
		`COPY (SELECT make_timestamp_ns(1767592800000000000 + i * 1000 + 7) AS t, 'tag-' || (i % 3) AS tag, i / 3.0 AS v FROM range(10000) r(i)) TO '${file}' (FORMAT parquet)`,
	);
	const { rows, chunks } = await rowsOf({ ...long, file, format: "parquet" });
	expect(chunks.length).toBeGreaterThan(1);
	expect(rows.length).toBe(10_000);
	expect(rows[9999]).toEqual(["tag-0", 1_767_592_800_000_000_000n + 9_999_007n, 9999 / 3, undefined]);
});

test.each([
	["no table at all", "x.parquet", Buffer.from("not parquet")],
	["a text with NULs", "y.csv", Buffer.from("t,tag,v\n\0\0\0\0,a,1\n")],
	["nothing", "z.csv", Buffer.alloc(0)],
])("%s is refused or read as nothing, and the process lives on", async (_what, name, bytes) => {
	const file = join(folder, name);
	await writeFile(file, bytes);
	const format = name.endsWith("parquet") ? "parquet" : "csv";
	const done = await rowsOf({ ...long, file, format }).then(
		({ rows }) => rows,
		(error: { code: string }) => error.code,
	);
	expect(done === "history.import-unreadable" || (Array.isArray(done) && done.length === 0)).toBe(true);
});

test("who gives up waiting ends the reader", async () => {
	const file = join(folder, "d.csv");
	await writeFile(file, `t,tag,v\n${"2026-01-05T06:00:00Z,a,1\n".repeat(20_000)}`);
	const gone = new AbortController();
	const reading = async () => {
		for await (const _ of reader().read({ ...long, file }, gone.signal)) gone.abort();
	};
	await expect(reading()).rejects.toMatchObject({ code: "history.import-unreadable" });
});
