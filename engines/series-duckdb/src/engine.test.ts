import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type Log, SampleBatchBuilder } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDuckDbSeries, type DuckDbSeries, type DuckDbSeriesOptions } from "./index.ts";

let folder: string;
let file: string;
let engines: DuckDbSeries[] = [];
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "series-engine-"));
	file = join(folder, "history.duckdb");
});
afterEach(async () => {
	for (const engine of engines) await engine.stop();
	engines = [];
	await rm(folder, { recursive: true, force: true });
});

function seriesForTest(options: Partial<DuckDbSeriesOptions> = {}): DuckDbSeries {
	const engine = createDuckDbSeries({
		file,
		log: silentLog,
		flushMs: 1,
		flushRows: 2000,
		queueRows: 2_000_000,
		memoryMb: 128,
		threads: 1,
		temporaryFolder: join(folder, "temporary"),
		...options,
	});
	engines.push(engine);
	return engine;
}

const second = 1_000_000_000n;
const range = { from: 0n, until: 10_000_000n * second };

function batch(
	first: number,
	count: number,
	{ connection = "press", tag = 1, text }: { connection?: string; tag?: number; text?: string } = {},
) {
	const builder = new SampleBatchBuilder(count);
	for (let i = first; i < first + count; i++) builder.add(tag, BigInt(i) * second, text ?? i, 0);
	return builder.take({ connection, first });
}
const countOf = async (engine: DuckDbSeries, tag = 1) => (await engine.raw({ tag, range, limit: 1 })).samples;

test("leaves the arrays of a batch to its other readers", async () => {
	const engine = seriesForTest();
	await engine.start();
	const one = batch(0, 5000);
	await engine.append(one);
	expect(one.times.length).toBe(5000);
	expect(one.values[4999]).toBe(4999);
});

test("refuses as busy what does not fit in its queue, and takes it when there is room again", async () => {
	const engine = seriesForTest({ queueRows: 3000, flushMs: 10 });
	await engine.start();
	const first = engine.append(batch(0, 2500));
	await expect(engine.append(batch(2500, 600))).rejects.toMatchObject({ code: "series.queue-full", kind: "busy" });
	await first;
	expect(await engine.append(batch(2500, 600))).toEqual({ stored: 600, duplicate: 0 });
	expect(await countOf(engine)).toBe(3100);
});

test("counts long words in its queue by the memory they take", async () => {
	const engine = seriesForTest({ queueRows: 3000, flushMs: 10 });
	await engine.start();
	const first = engine.append(batch(0, 10, { text: "x".repeat(21 * 250) }));
	await expect(engine.append(batch(10, 600))).rejects.toMatchObject({ kind: "busy" });
	await first;
	await engine.append(batch(10, 600));
	expect((await engine.figures()).queued).toBe(0);
});

test("keeps words with characters of every kind", async () => {
	const engine = seriesForTest();
	await engine.start();
	const words = [
		"",
		"nul \0 within",
		"long nul \0 within a word",
		"lone \ud800 half",
		"🜨".repeat(3000),
		"'; DROP TABLE sample; --",
	];
	const builder = new SampleBatchBuilder();
	for (const [i, word] of words.entries()) builder.add(1, BigInt(i), word, 0);
	await engine.append(builder.take({ connection: "press", first: 0 }));
	const { texts } = await engine.raw({ tag: 1, range, limit: 10 });
	expect(words.map((_, i) => texts?.get(i))).toEqual(words.map((word) => word.toWellFormed()));
});

test("merges what it knows of stored numbers while it runs, and at the next start", async () => {
	const engine = seriesForTest({ progressRows: 3 });
	await engine.start();
	for (let first = 0; first < 40; first += 2) await engine.append(batch(first, 1));
	await engine.append(batch(1, 1));
	expect(engine.storedThrough("press")).toBe(2);
	await engine.stop();
	const again = seriesForTest();
	await again.start();
	expect(again.storedThrough("press")).toBe(2);
	expect(again.storedCount("press")).toBe(21);
	expect(await again.append(batch(0, 40))).toEqual({ stored: 19, duplicate: 21 });
	expect(again.storedThrough("press")).toBe(39);
	expect(await countOf(again)).toBe(40);
});

test("moves a file that is no database aside, keeps it, says so and begins anew", async () => {
	writeFileSync(file, "this was a history once");
	const errors: string[] = [];
	const log: Log = { ...silentLog, error: (message) => errors.push(message), part: () => log };
	const engine = seriesForTest({ log });
	await engine.start();
	expect(engine.quarantined?.files).toHaveLength(1);
	expect(engine.health().state).toBe("degraded");
	expect(errors).toHaveLength(1);
	await engine.append(batch(0, 3));
	expect(await countOf(engine)).toBe(3);
	expect(readdirSync(folder).some((name) => name.startsWith("history.duckdb.damaged-"))).toBe(true);
});

test("gives up a damaged log only, when the file itself is sound", async () => {
	const engine = seriesForTest();
	await engine.start();
	await engine.append(batch(0, 3));
	await engine.stop();
	writeFileSync(`${file}.wal`, Buffer.alloc(5000, 0xa7));
	const again = seriesForTest();
	await again.start();
	expect(again.quarantined?.files).toHaveLength(1);
	expect(again.quarantined?.files[0]).toContain(".wal.damaged-");
	expect(again.storedThrough("press")).toBe(2);
	expect(await countOf(again)).toBe(3);
});

test("begins anew when the file was cut off", async () => {
	const engine = seriesForTest();
	await engine.start();
	await engine.append(batch(0, 100_000));
	await engine.stop();
	truncateSync(file, 9000);
	const again = seriesForTest();
	await again.start();
	expect(again.quarantined?.files).toHaveLength(1);
	expect(await again.append(batch(0, 3))).toEqual({ stored: 3, duplicate: 0 });
});

test("moves the log aside when the process died again and again while opening it", async () => {
	const engine = seriesForTest();
	await engine.start();
	await engine.append(batch(0, 10));
	const copy = join(folder, "copy.duckdb");
	copyFileSync(file, copy);
	copyFileSync(`${file}.wal`, `${copy}.wal`);
	writeFileSync(`${copy}.opening`, "4");
	const fifth = seriesForTest({ file: copy });
	await fifth.start();
	expect(fifth.quarantined).toBeUndefined();
	await fifth.append(batch(10, 10));
	await fifth.stop();
	copyFileSync(`${file}.wal`, `${copy}.wal`);
	writeFileSync(`${copy}.opening`, "5");
	const sixth = seriesForTest({ file: copy });
	await sixth.start();
	expect(sixth.quarantined).toMatchObject({ reason: "the process died 5 times while opening it" });
	expect(await countOf(sixth)).toBe(20);
	expect(readdirSync(folder).filter((name) => name.endsWith(".opening"))).toEqual([]);
});

test("replays the log of a run that was cut off in the middle of a write", async () => {
	const engine = seriesForTest();
	await engine.start();
	await engine.append(batch(0, 1000));
	await engine.append(batch(1000, 1000));
	const copy = join(folder, "copy.duckdb");
	copyFileSync(file, copy);
	copyFileSync(`${file}.wal`, `${copy}.wal`);
	truncateSync(`${copy}.wal`, statSync(`${copy}.wal`).size - 500);
	const torn = seriesForTest({ file: copy });
	await torn.start();
	expect(torn.quarantined).toBeUndefined();
	expect(torn.storedThrough("press")).toBe(999);
	expect(await countOf(torn)).toBe(1000);
	expect(await torn.append(batch(0, 2000))).toEqual({ stored: 1000, duplicate: 1000 });
});

test("refuses a file that another process has open, and says so", async () => {
	const child = spawn(
		process.execPath,
		[fileURLToPath(new URL("./holding-child-for-test.ts", import.meta.url)), file, join(folder, "other")],
		{ stdio: ["ignore", "pipe", "inherit"] },
	);
	try {
		await once(child.stdout, "data");
		await expect(seriesForTest().start()).rejects.toMatchObject({ code: "series.file-in-use", kind: "conflict", place: file });
	} finally {
		const ended = once(child, "exit");
		child.kill("SIGKILL");
		await ended;
	}
});

test("does not move a file aside that it merely may not open", async () => {
	const place = join(folder, "a-folder");
	await expect(seriesForTest({ file: join(place, "x".repeat(300)) }).start()).rejects.toMatchObject({
		code: "series.open-failed",
	});
});

test("rejects what was on its way when its worker is lost, comes back by itself and takes it again", async () => {
	const workers: Worker[] = [];
	const engine = seriesForTest({
		flushMs: 5000,
		spawn() {
			const worker = new Worker(new URL("./worker.ts", import.meta.url));
			workers.push(worker);
			return worker;
		},
	});
	await engine.start();
	const refused = expect(engine.append(batch(0, 10))).rejects.toMatchObject({ code: "series.worker-lost", kind: "outage" });
	void workers[0]?.terminate();
	await refused;
	expect(engine.health().state).toBe("failing");
	await expect(engine.append(batch(0, 10))).rejects.toMatchObject({ kind: "outage" });
	await vi.waitFor(() => expect(engine.health().state).toBe("good"), { timeout: 5000 });
	expect(await engine.append(batch(0, 2000))).toEqual({ stored: 2000, duplicate: 0 });
	expect(await countOf(engine)).toBe(2000);
});

test("gives a flush that fails back whole, and stores it when it comes again smaller", async () => {
	const engine = seriesForTest({ memoryMb: 20, temporaryFolder: join(folder, "temporary") });
	await engine.start();
	await engine.append(batch(0, 10));
	const huge = batch(10, 4000, { text: "x".repeat(20_000) });
	const [first, behind] = await Promise.allSettled([engine.append(huge), engine.append(batch(4010, 10))]);
	expect(first).toMatchObject({ status: "rejected", reason: { code: "series.write-failed", kind: "outage" } });
	expect(behind.status).toBe("rejected");
	expect(engine.health().state).toBe("failing");
	expect(engine.storedThrough("press")).toBe(9);
	expect(await engine.append(batch(10, 4010))).toEqual({ stored: 4010, duplicate: 0 });
	expect(engine.health().state).toBe("good");
	expect(await countOf(engine)).toBe(4020);
});

/** Nine hundred thousand rows and a question that takes long. */
async function heavyForTest() {
	const engine = seriesForTest({ flushRows: 20_000, memoryMb: 96 });
	await engine.start();
	for (let first = 0; first < 900_000; first += 100_000) await engine.append(batch(first, 100_000));
	const ask = (signal?: AbortSignal) =>
		engine.aggregate({ tags: [1], range, bucket: 7n * second, functions: ["timeWeightedMean", "first", "last"], signal });
	return { engine, ask };
}

test("writes while a heavy question runs, and answers it right though it is asked in pieces", async () => {
	const { engine, ask } = await heavyForTest();
	let answered = false;
	const asked = ask().then((answer) => {
		answered = true;
		return answer.get(1);
	});
	await engine.append(batch(900_000, 10));
	expect(answered).toBe(false);
	const buckets = await asked;
	const until = Math.floor(900_000 / 7);
	expect(buckets?.starts.slice(0, until)).toEqual(BigInt64Array.from({ length: until }, (_, i) => BigInt(i) * 7n * second));
	for (const [name, offset] of [
		["timeWeightedMean", 3],
		["first", 0],
		["last", 6],
	] as const)
		expect(
			buckets?.columns[name]?.slice(0, until).every((value, i) => value === i * 7 + offset),
			name,
		).toBe(true);
});

test("ends a question that is taken back", async () => {
	const { engine, ask } = await heavyForTest();
	const stop = new AbortController();
	const taken = expect(ask(stop.signal)).rejects.toMatchObject({ code: "series.cancelled" });
	// At once: on a quick machine the answer would otherwise be there first.
	stop.abort();
	await taken;
	await engine.append(batch(900_000, 10));
	expect(await countOf(engine)).toBe(900_010);
});

test("answers nothing and takes nothing before it is started and after it is stopped", async () => {
	const engine = seriesForTest();
	await expect(engine.append(batch(0, 1))).rejects.toMatchObject({ kind: "outage" });
	await engine.start();
	await engine.stop();
	await expect(engine.raw({ tag: 1, range, limit: 1 })).rejects.toMatchObject({ kind: "outage" });
});
