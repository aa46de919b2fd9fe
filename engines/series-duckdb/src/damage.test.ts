import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Log, SampleBatchBuilder } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDuckDbSeries, type DuckDbSeries } from "./index.ts";

let folder: string;
let file: string;
let engines: DuckDbSeries[] = [];
let errors: { message: string; code: unknown }[] = [];
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "series-damage-"));
	file = join(folder, "history.duckdb");
	errors = [];
});
afterEach(async () => {
	for (const engine of engines) await engine.stop();
	engines = [];
	await rm(folder, { recursive: true, force: true });
});

const log: Log = {
	...silentLog,
	error: (message, data) => errors.push({ message, code: (data as { code?: unknown } | undefined)?.code }),
	part: () => log,
};

async function started(): Promise<DuckDbSeries> {
	const engine = createDuckDbSeries({
		file,
		log,
		flushMs: 1,
		flushRows: 2000,
		queueRows: 2_000_000,
		memoryMb: 128,
		threads: 1,
		temporaryFolder: join(folder, "temporary"),
	});
	engines.push(engine);
	await engine.start();
	return engine;
}

const second = 1_000_000_000n;
const day = 86_400n * second;
const range = { from: 0n, until: 100n * day };

/** A thousand rows a day of two tags each, a hundred seconds apart at most. */
async function fill(engine: DuckDbSeries, days: number, firstDay = 0): Promise<void> {
	const builder = new SampleBatchBuilder();
	for (let i = firstDay * 1000; i < (firstDay + days) * 1000; i++) builder.add(1 + (i % 2), (BigInt(i) * day) / 1000n, i, 0);
	await engine.append(builder.take({ connection: "press", first: firstDay * 1000 }));
}
const fileOf = (date: string): string => {
	const [name] = readdirSync(join(folder, "history", date)).filter((one) => one.endsWith(".parquet"));
	return join(folder, "history", date, name as string);
};
function spoil(path: string, at = 100): void {
	const bytes = readFileSync(path);
	bytes[at] = (bytes[at] as number) ^ 0xff;
	// Another file of that name: a copy that is linked to it must not be spoilt with it.
	rmSync(path);
	writeFileSync(path, bytes);
}
const rowsOf = async (engine: DuckDbSeries, tag = 1) => (await engine.raw({ tag, range, limit: 100_000 })).times.length;

test("answers from the rest when a file is damaged, sets it aside, and says what is missing now and later", async () => {
	const engine = await started();
	await fill(engine, 4);
	await engine.tidy({ until: 3n * day });
	const path = fileOf("1970-01-02");
	spoil(path);
	expect(await rowsOf(engine)).toBe(1500);
	const lines = await engine.downsample({ tags: [1, 2], range, points: 100_000 });
	expect([lines.get(1)?.times.length, lines.get(2)?.times.length]).toEqual([1500, 1500]);
	const missing = [{ day, rows: 1000, file: expect.stringContaining("1970-01-02") }];
	const figures = await engine.figures();
	expect([figures.rows, figures.missing]).toEqual([3000, missing]);
	expect(engine.health()).toMatchObject({ state: "degraded", reason: expect.stringContaining("1000 samples of 1970-01-02") });
	expect(errors.map(({ code }) => code)).toEqual(["series.file-damaged"]);
	expect([existsSync(path), existsSync(`${path}.damaged`)]).toEqual([false, true]);

	await engine.stop();
	const again = await started();
	expect((await again.figures()).missing).toEqual(missing);
	expect(again.health().state).toBe("degraded");
	expect(await rowsOf(again)).toBe(1500);
});

test("answers every kind of question from the rest", async () => {
	const kinds: [string, (engine: DuckDbSeries) => Promise<number>][] = [
		["before", async (engine) => (await engine.before({ tags: [1], time: 2n * day })).get(1)?.value ?? -1],
		[
			"aggregate",
			async (engine) =>
				(await engine.aggregate({ tags: [1], range, bucket: 100n * day, functions: ["count"] })).get(1)?.columns.count?.[0] ?? -1,
		],
		["inOrder", async (engine) => (await engine.inOrder({ tags: [1, 2], range, limit: 10_000 })).rows.tags.length],
		[
			"export",
			async (engine) =>
				(
					await engine.export({
						tags: [
							{ id: 1, topic: "one" },
							{ id: 2, topic: "two" },
						],
						range,
						format: "csv",
						file: join(folder, "out.csv"),
					})
				).rows,
		],
	];
	for (const [i, [kind, ask]] of kinds.entries()) {
		const engine = await started();
		await fill(engine, 3, i * 5);
		await engine.tidy({ until: range.until });
		const before = await ask(engine);
		spoil(fileOf(`1970-01-${String(i * 5 + 2).padStart(2, "0")}`));
		// The answer before came from memory as well; a new process has only the file.
		await engine.stop();
		const again = await started();
		const after = await ask(again);
		if (kind === "before") expect(after).toBe(998);
		else expect(after, kind).toBe(before - (kind === "aggregate" ? 500 : 1000));
		await again.forget({ tags: [1, 2], before: range.until });
		await again.stop();
	}
});

test("tidies and forgets around a damaged file", async () => {
	const engine = await started();
	await fill(engine, 2);
	await engine.tidy({ until: day });
	const builder = new SampleBatchBuilder();
	builder.add(1, 5n, 1, 0);
	await engine.append(builder.take({ connection: "late", first: 0 }));
	await engine.stop();
	spoil(fileOf("1970-01-01"));
	const again = await started();
	await again.tidy({ until: 2n * day });
	await again.tidy({ until: 2n * day });
	expect(await rowsOf(again)).toBe(501);
	expect((await again.figures()).missing).toHaveLength(1);
	expect(await again.forget({ tags: [1], before: day })).toMatchObject({ rows: 1 });
	expect(await rowsOf(again)).toBe(500);
});

test("misses a file that somebody deleted, and says so", async () => {
	const engine = await started();
	await fill(engine, 2);
	await engine.tidy({ until: 2n * day });
	await engine.stop();
	rmSync(fileOf("1970-01-01"));
	const again = await started();
	expect(await rowsOf(again)).toBe(500);
	expect((await again.figures()).missing).toMatchObject([{ day: 0n, rows: 1000 }]);
});

test("takes up its files again when the database is lost, and knows their numbers", async () => {
	const engine = await started();
	await fill(engine, 3);
	await engine.tidy({ until: 3n * day });
	const builder = new SampleBatchBuilder();
	builder.add(1, 5n, 77, 0);
	await engine.append(builder.take({ connection: "late", first: 0 }));
	await engine.tidy({ until: 3n * day });
	async function* some() {
		yield { tags: Uint32Array.of(5), times: BigInt64Array.of(7n), values: Float64Array.of(5), quality: Uint8Array.of(0) };
	}
	await engine.bringIn({ id: "older", rows: some() });
	await engine.stop();
	truncateSync(file, 9000);
	const again = await started();
	expect(again.quarantined?.files).toHaveLength(1);
	expect(await rowsOf(again)).toBe(1501);
	expect(again.storedThrough("press")).toBe(2999);
	await fill(again, 3);
	expect(await rowsOf(again)).toBe(1501);
	expect(await again.takeOut({ id: "older" })).toEqual({ rows: 1 });
	expect((await again.figures()).missing).toBeUndefined();
});

test("does not take a file that was replaced for rows of its own when the database is lost", async () => {
	const engine = await started();
	await fill(engine, 1);
	await engine.tidy({ until: day });
	const kept = fileOf("1970-01-01");
	copyFileSync(kept, join(folder, "kept"));
	const builder = new SampleBatchBuilder();
	builder.add(1, 5n, 77, 0);
	await engine.append(builder.take({ connection: "late", first: 0 }));
	await engine.tidy({ until: day });
	await engine.stop();
	// As a kill between the commit and the deletion leaves it.
	copyFileSync(join(folder, "kept"), kept);
	truncateSync(file, 9000);
	const again = await started();
	expect(await rowsOf(again)).toBe(501);
});

test("loses nothing that was moved when the log is damaged afterwards", async () => {
	const engine = await started();
	await fill(engine, 3);
	await engine.tidy({ until: 2n * day });
	await engine.stop();
	writeFileSync(`${file}.wal`, Buffer.alloc(5000, 0xa7));
	const again = await started();
	expect(again.quarantined?.files).toHaveLength(1);
	expect(await rowsOf(again)).toBe(1500);
	expect(statSync(fileOf("1970-01-01")).size).toBeGreaterThan(100);
});

test("deletes at its start what a kill left half-written", async () => {
	const engine = await started();
	await fill(engine, 2);
	await engine.tidy({ until: day });
	await engine.stop();
	const stray = join(folder, "history", "1970-01-01", "cold-00000099.parquet");
	writeFileSync(stray, "PAR1 and no more");
	const again = await started();
	expect(existsSync(stray)).toBe(false);
	expect(await rowsOf(again)).toBe(1000);
});

test("copies what is left when a file is gone, and takes out a piece whose file is damaged", async () => {
	const engine = await started();
	await fill(engine, 2);
	await engine.tidy({ until: 2n * day });
	async function* some() {
		yield { tags: Uint32Array.of(5), times: BigInt64Array.of(9n * day), values: Float64Array.of(5), quality: Uint8Array.of(0) };
	}
	await engine.bringIn({ id: "piece", rows: some() });
	rmSync(fileOf("1970-01-01"));
	const to = join(folder, "copy");
	expect(await engine.copyTo({ folder: to })).toMatchObject({ rows: 1001 });
	await engine.stop();
	spoil(fileOf("1970-01-10"), 30);
	const again = await started();
	expect(await rowsOf(again, 5)).toBe(0);
	expect((await again.figures()).missing).toHaveLength(2);
	expect(await again.takeOut({ id: "piece" })).toEqual({ rows: 0 });
	expect((await again.figures()).missing).toHaveLength(1);
	await again.bringIn({ id: "piece", rows: some() });
	expect(await rowsOf(again, 5)).toBe(1);
});

test("refuses a copy with a damaged file, and leaves files alone that are not its own", async () => {
	const engine = await started();
	await fill(engine, 2);
	await engine.tidy({ until: 2n * day });
	const to = join(folder, "copy");
	await engine.copyTo({ folder: to });
	const notes = join(folder, "history", "1970-01-01", "notes.parquet");
	writeFileSync(notes, "mine");
	await engine.stop();
	await started();
	expect(existsSync(notes)).toBe(true);
	const copied = join(to, "history", "1970-01-02");
	const other = createDuckDbSeries({
		file: join(folder, "other.duckdb"),
		log,
		flushMs: 1,
		flushRows: 2000,
		queueRows: 2000,
		memoryMb: 64,
		threads: 1,
		temporaryFolder: join(folder, "temporary"),
	});
	const [name] = readdirSync(copied) as [string];
	const whole = readFileSync(join(copied, name));
	// In our index, just before its end; the size stays.
	spoil(join(copied, name), whole.indexOf("MWINDEX1") - 5);
	await expect(other.restoreFrom({ folder: to })).rejects.toMatchObject({ code: "series.copy-damaged" });
	expect(existsSync(join(folder, "other.duckdb"))).toBe(false);
});
