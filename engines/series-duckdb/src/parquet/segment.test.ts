import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DayRows, mergeRows } from "./rows.ts";
import { DamagedSegment, openSegment } from "./segment-reader.ts";
import { createSegmentWriter } from "./segment-writer.ts";

let folder: string;
let files = 0;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "segment-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const newFile = () => join(folder, `${++files}.parquet`);

const day = 1_767_571_200_000_000_000n;
type Row = { tag: number; offset: number; value: number; quality: number; text: string | undefined };

const rowsOf = (rows: readonly Row[]): DayRows => ({
	day,
	offsets: Float64Array.from(rows, ({ offset }) => offset),
	values: Float64Array.from(rows, ({ value }) => value),
	quality: Uint8Array.from(rows, ({ quality }) => quality),
	texts: new Map(rows.flatMap(({ text }, row) => (text === undefined ? [] : [[row, text] as const]))),
});

async function written(rows: readonly Row[]) {
	const file = newFile();
	const writer = createSegmentWriter({ file, day, withTexts: rows.some(({ text }) => text !== undefined), about: {} });
	for (const tag of [...new Set(rows.map(({ tag }) => tag))]) writer.add(tag, rowsOf(rows.filter((row) => row.tag === tag)));
	return { file, facts: await writer.finish() };
}

const anyRows = fc
	.array(
		fc.record({
			tag: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(4_294_967_295, 70_000)),
			offset: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 86_399_999_999_999 })),
			value: fc.oneof(fc.double(), fc.integer({ min: 0, max: 5 }), fc.constantFrom(0, -0, 0.1, Number.NaN)),
			quality: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
			text: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.string() }),
		}),
		{ minLength: 1, maxLength: 60 },
	)
	.chain((rows) => fc.integer({ min: 1, max: 200 }).map((times) => Array.from({ length: times }, () => rows).flat()))
	.map((rows) => rows.toSorted((a, b) => a.tag - b.tag || a.offset - b.offset));

/** What an independent reader sees. */
async function seenByDuckDb(file: string): Promise<unknown[][]> {
	const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
	const connection = await instance.connect();
	try {
		const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet('${file}') ORDER BY file_row_number`);
		return reader.getRows();
	} finally {
		connection.closeSync();
		instance.closeSync();
	}
}

test("gives back every bit of any rows, to us and to DuckDB", { timeout: 60_000 }, async () => {
	await fc.assert(
		fc.asyncProperty(anyRows, async (rows) => {
			const { file, facts } = await written(rows);
			expect(facts.rows).toBe(rows.length);
			const reader = openSegment(file);
			const read: Row[] = [];
			for (let block = 0; block < reader.index.length; block++)
				for (const [tag, of] of reader.split(reader.read(block)))
					for (const [i, offset] of of.offsets.entries())
						read.push({
							tag,
							offset,
							value: of.values[i] as number,
							quality: of.quality[i] as number,
							text: of.texts?.get(i),
						});
			reader.close();
			expect(read).toEqual(rows);
			const expected = rows.map(({ tag, offset, value, quality, text }) => [
				tag,
				day + BigInt(offset),
				value,
				quality,
				...(rows.some((row) => row.text !== undefined) ? [text ?? null] : []),
			]);
			expect(await seenByDuckDb(file)).toEqual(expected);
		}),
		{ numRuns: 40 },
	);
});

const many = (tags: number, rows: number, jitter: (tag: number, i: number) => number): Row[] =>
	Array.from({ length: tags }, (_, tag) =>
		Array.from({ length: rows }, (_, i) => ({
			tag,
			offset: i * 60_000_000_000 + jitter(tag, i),
			value: ((i * 7919 + tag) % 97) * 0.1,
			quality: 0,
			text: undefined,
		})),
	).flat();
const jitter = (_: number, i: number) => Math.floor(((Math.sin(i * 12.9898) * 43_758.5453) % 1) ** 2 * 4_000_000);

test("keeps times that several tags share in the file once, and other readers follow", async () => {
	const shared = await written(many(50, 1440, jitter));
	const own = await written(many(50, 1440, (tag, i) => jitter(tag, i * 31 + tag)));
	expect(own.facts.bytes - shared.facts.bytes).toBeGreaterThan(49 * 1440 * 2);
	const seen = await seenByDuckDb(shared.file);
	expect(seen.length).toBe(50 * 1440);
	expect(seen.at(-1)?.[1]).toBe(day + BigInt(1439 * 60_000_000_000 + jitter(0, 1439)));
});

test("finds the blocks of a tag and a time without reading others", async () => {
	const { file } = await written(many(30, 5000, () => 0).map((row) => ({ ...row, offset: row.offset / 5 })));
	const reader = openSegment(file);
	const [block, ...others] = reader.blocks(17, day + 60_000_000_000n, day + 3_600_000_000_000n);
	expect(others).toEqual([]);
	const rows = reader.rows(reader.read(block as number), 17, day + 60_000_000_000n, day + 3_600_000_000_000n);
	expect(rows.offsets.length).toBe(295);
	expect(rows.offsets[0]).toBe(60_000_000_000);
	expect(reader.blocks(30, day, day + 1n)).toEqual([]);
	reader.close();
});

test("notices any byte that changed", async () => {
	const { file } = await written(many(3, 1500, jitter));
	const whole = await readFile(file);
	const readAll = () => {
		const reader = openSegment(file);
		try {
			for (let block = 0; block < reader.index.length; block++) reader.read(block);
		} finally {
			reader.close();
		}
	};
	readAll();
	// Behind our index lies only the footer, which other readers use.
	const until = whole.indexOf("MWINDEX1") + 20;
	for (let at = 4; at < until; at += 13) {
		const damaged = Buffer.from(whole);
		damaged[at] = (damaged[at] as number) ^ 0x10;
		await writeFile(file, damaged);
		expect(readAll, `byte ${at} of ${until}`).toThrow(DamagedSegment);
	}
	for (const length of [0, 3, 100, whole.length - 1]) {
		await writeFile(file, whole.subarray(0, length));
		expect(readAll).toThrow(DamagedSegment);
	}
});

test("merges runs by time, of equal times the earlier run's first", () => {
	const row = (offset: number, value: number, text?: string): Row => ({ tag: 1, offset, value, quality: 0, text });
	const merged = mergeRows([rowsOf([row(1, 1), row(5, 2, "two")]), rowsOf([row(0, 3), row(5, 4)]), rowsOf([row(5, 5, "five")])]);
	expect([...merged.offsets]).toEqual([0, 1, 5, 5, 5]);
	expect([...merged.values]).toEqual([3, 1, 2, 4, 5]);
	expect([...(merged.texts ?? [])]).toEqual([
		[2, "two"],
		[4, "five"],
	]);
});
