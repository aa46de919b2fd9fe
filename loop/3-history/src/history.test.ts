import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type DataClass,
	type Download,
	MillwrightError,
	type Principal,
	Quality,
	type SampleBatch,
	SampleBatchBuilder,
	type Value,
} from "@millwright/core";
import { openRecords } from "@millwright/records-sqlite";
import { createBus, memoryConfig, memoryTagDirectory, silentLog } from "@millwright/runtime";
import { samples } from "@millwright/sense/api";
import { createDuckDbSeries, createTableReader } from "@millwright/series-duckdb";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test, vi } from "vitest";
import { HistorySettings } from "./api.ts";
import { createHistory, type HistoryEngine, type HistoryTables, historyMigrations, historySection } from "./index.ts";

const startMs = Date.UTC(2026, 0, 5, 6);
const temperature = "plant/line-1/press/temperature";
const secret = "plant/line-1/press/recipe";
const operator: Principal = { id: "user_1", name: "Ana", kind: "person", roles: ["operator"] };

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const end of endings.splice(0).reverse()) await end();
});

async function historyForTest({
	breakable = (engine: HistoryEngine) => engine,
	queueRows = 100_000,
	lowestInRing,
}: {
	breakable?: (engine: HistoryEngine) => HistoryEngine;
	queueRows?: number;
	/** What the ring answers when it is asked to send again. */
	lowestInRing?: number;
} = {}) {
	const folder = await mkdtemp(join(tmpdir(), "history-"));
	const bus = createBus({ log: silentLog });
	const clock = createFakeClock({ startMs });
	const directory = memoryTagDirectory();
	const [tag, hidden] = directory.assign([temperature, secret]) as unknown as [number, number];
	const acknowledged: [string, number][] = [];
	const replays: [string, number][] = [];
	const settings = HistorySettings.parse({ queueRows });
	const engine = breakable(
		createDuckDbSeries({
			file: join(folder, "history.duckdb"),
			log: silentLog,
			flushMs: 1,
			flushRows: 1000,
			queueRows: settings.queueRows,
			memoryMb: 64,
			threads: 1,
			temporaryFolder: join(folder, "spill"),
		}),
	);
	const temporaryFolder = join(folder, "exports");
	const records = openRecords({ file: ":memory:", log: silentLog, migrations: historyMigrations });
	const history = createHistory({
		engine,
		directory,
		bus,
		clock,
		log: silentLog,
		settings,
		config: memoryConfig([historySection], { history: { queueRows } }, silentLog, clock),
		db: records.tables<HistoryTables>(),
		reader: createTableReader({ temporaryFolder: folder }),
		importFolders: { uploads: join(folder, "uploads"), inbox: join(folder, "import") },
		diskOf: async () => undefined,
		receipts: { acknowledge: (connection, through) => acknowledged.push([connection, through]) },
		unitOf: (name) => (name === temperature ? "Cel" : "1"),
		dataClassOf: (name): DataClass => (name === secret ? "restricted" : "internal"),
		temporaryFolder,
		topicOf: (name) => `udt/${name}`,
		requestReplay: (connection, from) => {
			replays.push([connection, from]);
			return lowestInRing;
		},
	});
	await history.part.start();
	endings.push(async () => {
		await history.part.stop();
		await rm(folder, { recursive: true, force: true });
	});
	return { ...history, bus, clock, tag, hidden, acknowledged, replays, temporaryFolder, engine };
}

function batch(
	connection: string,
	first: number,
	rows: readonly { tag: number; ms: number; value: Value; quality?: number }[],
	{ last, historical = false }: { last?: number; historical?: boolean } = {},
): SampleBatch {
	const builder = new SampleBatchBuilder();
	for (const { tag, ms, value, quality = Quality.good } of rows)
		builder.add(tag, BigInt(Math.round(ms * 1000)) * 1000n, value, quality);
	return builder.take({ connection, first, historical, ...(last === undefined ? {} : { last }) });
}
const ramp = (tag: number, count: number, from = 0) =>
	Array.from({ length: count }, (_, i) => ({ tag, ms: startMs + (from + i) * 1000, value: from + i }));

const range = { from: startMs, until: startMs + 3_600_000 };
const raw = { tag: temperature, ...range, limit: 1000, newestFirst: false };

test("stores what comes on the bus, counts it and tells the ring once it is durable", async () => {
	const { bus, clock, tag, counts, acknowledged, service } = await historyForTest();
	bus.send(samples, batch("press", 0, ramp(tag, 3)));
	bus.send(samples, batch("press", 3, ramp(tag, 2, 3)));
	expect(counts.received("press")).toBe(5);
	await vi.waitFor(() => expect(counts.stored("press")).toBe(5));
	expect(acknowledged).toEqual([]);
	await clock.advance(200);
	expect(acknowledged).toEqual([["press", 4]]);
	expect(await service.raw(raw)).toEqual({
		tag: temperature,
		unit: "Cel",
		times: [0, 1, 2, 3, 4].map((at) => startMs + at * 1000),
		values: [0, 1, 2, 3, 4],
		quality: [0, 0, 0, 0, 0],
		reduced: false,
		samples: 5,
	});
});

test("drops what comes again, counts it apart and acknowledges it all the same", async () => {
	const { bus, tag, counts, acknowledged, clock } = await historyForTest();
	bus.send(samples, batch("press", 0, ramp(tag, 3)));
	bus.send(samples, batch("press", 0, ramp(tag, 3), { historical: true }));
	await vi.waitFor(() => expect(counts.duplicate("press")).toBe(3));
	expect([counts.received("press"), counts.stored("press")]).toEqual([6, 3]);
	await clock.advance(200);
	expect(acknowledged).toEqual([["press", 2]]);
});

test("stores derived batches without a receipt for them", async () => {
	const { acceptDerived, append, tag, counts, acknowledged, clock } = await historyForTest();
	append(batch("press", 0, ramp(tag, 2)));
	acceptDerived(batch("twin:press", 0, ramp(tag, 1, 10), { last: 1 }));
	await vi.waitFor(() => expect([counts.stored("press"), counts.stored("twin:press")]).toEqual([2, 2]));
	await clock.advance(200);
	expect(acknowledged).toEqual([["press", 1]]);
});

test("keeps microseconds, gives null for what is no number, and words beside", async () => {
	const { bus, tag, counts, service } = await historyForTest();
	bus.send(
		samples,
		batch("press", 0, [
			{ tag, ms: startMs + 0.001, value: null, quality: Quality.badStale },
			{ tag, ms: startMs + 0.457, value: "RUN" },
			{ tag, ms: startMs + 999.999, value: Number.POSITIVE_INFINITY },
		]),
	);
	await vi.waitFor(() => expect(counts.stored("press")).toBe(3));
	expect(await service.raw({ ...raw, newestFirst: true })).toMatchObject({
		times: [startMs + 999.999, startMs + 0.457, startMs + 0.001],
		values: [null, null, null],
		quality: [Quality.good, Quality.good, Quality.badStale],
		texts: { 1: "RUN" },
	});
});

test("draws a line of at most the points asked for, from the sample before its edge, with gaps where values are bad", async () => {
	const { bus, tag, counts, service } = await historyForTest();
	const rows = ramp(tag, 600).map((row, i) => (i >= 300 && i < 310 ? { ...row, quality: Quality.badNotConnected } : row));
	bus.send(samples, batch("press", 0, rows));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(600));
	const { series } = await service.trend({
		tags: [temperature],
		from: startMs + 60_000,
		until: startMs + 600_000,
		points: 40,
	});
	const [line] = series;
	expect(line).toMatchObject({ unit: "Cel", reduced: true, samples: 541 });
	expect(line?.times.length).toBeLessThanOrEqual(41);
	expect(line?.times[0]).toBe(startMs + 59_000);
	expect(line?.values.at(-1)).toBe(599);
	const gap = line?.times.indexOf(startMs + 300_000) as number;
	expect([line?.values[gap - 1], line?.values[gap]]).toEqual([299, null]);
});

test("aggregates by bucket and over time", async () => {
	const { bus, tag, counts, service } = await historyForTest();
	bus.send(samples, batch("press", 0, ramp(tag, 120)));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(120));
	const answer = await service.aggregate({
		tags: [temperature],
		from: startMs,
		until: startMs + 120_000,
		bucket: 60_000,
		functions: ["mean", "count", "stddev", "timeWeightedMean"],
	});
	expect(answer.tags[0]?.starts).toEqual([startMs, startMs + 60_000]);
	expect(answer.tags[0]?.columns).toMatchObject({ mean: [29.5, 89.5], count: [60, 60], timeWeightedMean: [29.5, 89.5] });
});

test("says which tag was probably meant when a name is unknown", async () => {
	const { service } = await historyForTest();
	await expect(service.raw({ ...raw, tag: "plant/line-1/press/temperatur" })).rejects.toMatchObject({
		code: "history.tag-unknown",
		kind: "missing",
		hint: `Did you mean "${temperature}"?`,
	});
});

test("shows a value only to those who may see its data class, and does not name it to others", async () => {
	const { service } = await historyForTest();
	const call = { principal: operator };
	await expect(service.raw({ ...raw, tag: secret }, call)).rejects.toMatchObject({ kind: "denied" });
	await expect(service.trend({ tags: [temperature, secret], ...range, points: 10 }, call)).rejects.toMatchObject({
		kind: "denied",
	});
	await expect(service.export({ tags: [secret], ...range, format: "csv" }, call)).rejects.toMatchObject({ kind: "denied" });
	await expect(service.raw({ ...raw, tag: "plant/line-1/press/recipes" }, call)).rejects.not.toMatchObject({
		hint: expect.stringContaining(secret),
	});
	expect((await service.raw(raw, call)).samples).toBe(0);
});

test("refuses ranges that end before they begin, times that are none, and too many buckets", async () => {
	const { service } = await historyForTest();
	await expect(service.raw({ ...raw, until: startMs })).rejects.toMatchObject({ code: "history.range-empty", kind: "input" });
	await expect(service.raw({ ...raw, from: Number.NaN })).rejects.toMatchObject({ code: "history.time-invalid" });
	await expect(service.raw({ ...raw, until: 1e15 })).rejects.toMatchObject({ code: "history.time-invalid" });
	await expect(service.aggregate({ tags: [temperature], ...range, bucket: 1, functions: ["mean"] })).rejects.toMatchObject({
		code: "history.too-many-buckets",
	});
	await expect(service.aggregate({ tags: [temperature], ...range, bucket: 0, functions: ["mean"] })).rejects.toBeInstanceOf(
		MillwrightError,
	);
});

test("streams an export and deletes its file, two at a time", async () => {
	const { bus, tag, counts, service, temporaryFolder } = await historyForTest();
	bus.send(samples, batch("press", 0, ramp(tag, 2)));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(2));
	const ask = () => service.export({ tags: [temperature], ...range, format: "csv" }) as Promise<Download>;
	const [one, two] = await Promise.all([ask(), ask()]);
	await expect(ask()).rejects.toMatchObject({ kind: "busy" });
	expect(await textOf(one)).toBe(
		`tag,time,value,text,quality\nudt/${temperature},2026-01-05T06:00:00.000000000Z,0.0,,good\nudt/${temperature},2026-01-05T06:00:01.000000000Z,1.0,,good\n`,
	);
	expect(one).toMatchObject({
		mediaType: "text/csv; charset=utf-8",
		fileName: "samples 2026-01-05T060000Z to 2026-01-05T070000Z.csv",
	});
	for await (const _ of two.body as AsyncIterable<Uint8Array>) break;
	expect(readdirSync(temporaryFolder)).toEqual([]);
	await textOf(await ask());
});

test("deletes an export that nobody fetches", async () => {
	const { service, temporaryFolder, clock } = await historyForTest();
	await service.export({ tags: [temperature], ...range, format: "parquet" });
	expect(readdirSync(temporaryFolder)).toHaveLength(1);
	await clock.advance(5 * 60_000);
	await vi.waitFor(() => expect(readdirSync(temporaryFolder)).toEqual([]));
});

async function textOf(download: Download): Promise<string> {
	const pieces: Uint8Array[] = [];
	for await (const piece of download.body as AsyncIterable<Uint8Array>) pieces.push(piece);
	return Buffer.concat(pieces).toString();
}

/** An engine whose disk can be taken away. */
function breakable() {
	const switches = { broken: undefined as MillwrightError | undefined, tried: 0 };
	const wrap = (engine: HistoryEngine): HistoryEngine => ({
		...engine,
		append(next) {
			switches.tried++;
			return switches.broken ? Promise.reject(switches.broken) : engine.append(next);
		},
	});
	return { switches, wrap };
}
const outage = new MillwrightError("series.write-failed", "No space left on device", {
	kind: "outage",
	hint: "Free some space.",
});

test("keeps what the engine refuses, says it is failing, and stores it in order once it can", async () => {
	const { switches, wrap } = breakable();
	const { bus, tag, counts, part, service, clock, acknowledged } = await historyForTest({ breakable: wrap });
	switches.broken = outage;
	bus.send(samples, batch("press", 0, ramp(tag, 2)));
	bus.send(samples, batch("press", 2, ramp(tag, 2, 2)));
	await clock.advance(1000);
	bus.send(samples, batch("press", 4, ramp(tag, 2, 4)));
	expect(part.health?.()).toEqual({ state: "failing", reason: "No space left on device", hint: "Free some space." });
	expect((await service.figures({})).queued).toBe(6);
	expect([counts.received("press"), counts.stored("press")]).toEqual([6, 0]);
	const tried = switches.tried;
	await clock.advance(30_000);
	expect(switches.tried - tried).toBeGreaterThan(0);
	expect(switches.tried - tried).toBeLessThan(20);
	switches.broken = undefined;
	await clock.advance(15_000);
	await vi.waitFor(() => expect(counts.stored("press")).toBe(6));
	expect(part.health?.()).toEqual({ state: "good" });
	await clock.advance(200);
	expect(acknowledged).toEqual([["press", 5]]);
});

test("lets go of what does not fit in memory and asks the ring for it afterwards", async () => {
	const { switches, wrap } = breakable();
	const { bus, tag, counts, replays, clock, part, acknowledged } = await historyForTest({ breakable: wrap, queueRows: 1000 });
	switches.broken = outage;
	bus.send(samples, batch("press", 0, ramp(tag, 800)));
	bus.send(samples, batch("press", 800, ramp(tag, 300, 800)));
	await clock.advance(0);
	bus.send(samples, batch("press", 1100, ramp(tag, 300, 1100)));
	bus.send(samples, batch("press", 1400, ramp(tag, 300, 1400)));
	expect(replays).toEqual([]);
	switches.broken = undefined;
	await clock.advance(1000);
	await vi.waitFor(() => expect(replays).toEqual([["press", 1100]]));
	for (const first of [1100, 1400]) bus.send(samples, batch("press", first, ramp(tag, 300, first), { historical: true }));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(1700));
	expect(counts.received("press")).toBe(1700);
	await clock.advance(200);
	expect(acknowledged.at(-1)).toEqual(["press", 1699]);
	expect(part.health?.()).toEqual({ state: "good" });
});

test("asks the ring for everything of a connection it knows nothing of, and acknowledges nothing before it has come", async () => {
	const { bus, tag, counts, replays, clock, acknowledged } = await historyForTest();
	bus.send(samples, batch("press", 500, ramp(tag, 10, 500)));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(10));
	await clock.advance(1000);
	expect(replays).toEqual([["press", 0]]);
	expect(acknowledged).toEqual([]);
	bus.send(samples, batch("press", 400, ramp(tag, 50, 400), { historical: true }));
	bus.send(samples, batch("press", 450, ramp(tag, 50, 450), { historical: true }));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(110));
	await clock.advance(200);
	expect(acknowledged).toEqual([["press", 509]]);
});

test("asks for what is missing between what is stored and what comes, and gives up what the ring has no more", async () => {
	const { bus, tag, counts, replays, clock, acknowledged } = await historyForTest({ lowestInRing: 30 });
	bus.send(samples, batch("press", 0, ramp(tag, 10)));
	bus.send(samples, batch("press", 40, ramp(tag, 10, 40)));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(20));
	await clock.advance(0);
	expect(replays).toEqual([["press", 10]]);
	await vi.waitFor(async () => {
		await clock.advance(200);
		expect(acknowledged.at(-1)).toEqual(["press", 29]);
	});
	bus.send(samples, batch("press", 30, ramp(tag, 10, 30), { historical: true }));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(50));
	await clock.advance(200);
	expect(acknowledged.at(-1)).toEqual(["press", 49]);
	expect(replays).toHaveLength(1);
});

test("waits for older numbers of an unknown connection a minute at most", async () => {
	const { bus, tag, counts, clock, acknowledged } = await historyForTest();
	bus.send(samples, batch("press", 500, ramp(tag, 10, 500)));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(10));
	await clock.advance(59_000);
	expect(acknowledged).toEqual([]);
	await clock.advance(2000);
	expect(acknowledged).toEqual([["press", 509]]);
});

test("starts though the history cannot be opened, keeps what comes, and stores it when it can be", async () => {
	let isAway = true;
	const { bus, tag, counts, part, clock, acknowledged, replays } = await historyForTest({
		breakable: (engine) => ({
			...engine,
			start: () => (isAway ? Promise.reject(outage) : engine.start()),
			health: () => engine.health?.() ?? { state: "good" },
		}),
	});
	bus.send(samples, batch("press", 0, ramp(tag, 3)));
	await clock.advance(0);
	expect(part.health?.().state).toBe("failing");
	isAway = false;
	await clock.advance(60_000);
	await vi.waitFor(() => expect(part.health?.()).toEqual({ state: "good" }), 5000);
	await clock.advance(15_000);
	await vi.waitFor(() => expect(counts.stored("press")).toBe(3));
	await clock.advance(200);
	expect(acknowledged).toEqual([["press", 2]]);
	expect(replays).toEqual([]);
});

test("does not let a batch that can never be stored hold up the others", async () => {
	const { bus, tag, counts } = await historyForTest();
	bus.send(samples, batch("press", -5, ramp(tag, 2)));
	bus.send(samples, batch("press", 0, ramp(tag, 2)));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(2));
});

test("stores what was taken before it stops, and says what it holds", async () => {
	const { bus, tag, counts, part, service, acknowledged } = await historyForTest();
	bus.send(samples, batch("press", 0, ramp(tag, 5)));
	await vi.waitFor(() => expect(counts.stored("press")).toBe(5));
	expect(await service.figures({})).toMatchObject({
		engine: "series-duckdb",
		rows: 5,
		oldest: startMs,
		newest: startMs + 4000,
		queued: 0,
		state: "good",
	});
	bus.send(samples, batch("press", 5, ramp(tag, 5, 5)));
	await part.stop();
	expect(counts.stored("press")).toBe(10);
	expect(acknowledged.at(-1)).toEqual(["press", 9]);
});

test("counts what is stored and what came twice", async () => {
	const before = await historyForTest();
	before.append(batch("press", 0, ramp(before.tag, 5)));
	await vi.waitFor(() => expect(before.counts.stored("press")).toBe(5));
	expect(before.counts.received("press")).toBe(5);
	before.append(batch("press", 3, ramp(before.tag, 2)));
	await vi.waitFor(() => expect(before.counts.duplicate("press")).toBe(2));
	expect([before.counts.received("press"), before.counts.stored("press")]).toEqual([7, 5]);
});
