import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nanosFromMs, SampleBatchBuilder, type SeriesEngine } from "@millwright/core";
import { memoryTagDirectory, silentLog } from "@millwright/runtime";
import { createDuckDbSeries, type DuckDbSeries } from "@millwright/series-duckdb";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { StorageSettings } from "../api.ts";
import { createHousekeeping } from "./housekeeping.ts";

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 10, 12);

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const end of endings.splice(0).reverse()) await end();
});

/** Two tags with a sample an hour for the nine days before noon of the tenth. */
async function storageForTest(
	policy: Record<string, unknown>,
	seen: (engine: DuckDbSeries) => SeriesEngine = (engine) => engine,
) {
	const folder = await mkdtemp(join(tmpdir(), "housekeeping-"));
	const clock = createFakeClock({ startMs });
	const directory = memoryTagDirectory();
	const [vibration, recipe] = directory.assign(["line-1/press/vibration", "line-1/press/recipe"]) as unknown as [number, number];
	const duckdb = createDuckDbSeries({
		file: join(folder, "history.duckdb"),
		temporaryFolder: join(folder, "spill"),
		log: silentLog,
		flushMs: 1,
		flushRows: 1000,
		queueRows: 100_000,
		memoryMb: 64,
		threads: 1,
	});
	await duckdb.start();
	const engine = seen(duckdb);
	const builder = new SampleBatchBuilder();
	for (let at = startMs - 9 * dayMs; at <= startMs; at += 3_600_000)
		for (const tag of [vibration, recipe]) builder.add(tag, nanosFromMs(at), at % 1000, 0);
	await engine.append(builder.take({ connection: "press", first: 0 }));
	const housekeeping = createHousekeeping({
		engine,
		directory,
		dataClassOf: (tag) => (tag.endsWith("recipe") ? "restricted" : "internal"),
		settings: () => StorageSettings.parse(policy),
		clock,
		log: silentLog,
	});
	endings.push(async () => {
		await housekeeping.stop();
		await engine.stop();
		await rm(folder, { recursive: true });
	});
	const rowsOf = async (tag: number): Promise<number> =>
		(await engine.raw({ tag, range: { from: 0n, until: 2n ** 62n }, limit: 10_000 })).times.length;
	return { housekeeping, engine, clock, vibration, recipe, rowsOf };
}

test("closed days become cold, today stays as it came, and no sample changes", async () => {
	const { housekeeping, engine, vibration, rowsOf } = await storageForTest({});
	const before = await rowsOf(vibration);
	const run = await housekeeping.run();
	const closed = 2 * (12 + 8 * 24);
	expect(run).toMatchObject({ days: 9, rows: closed, forgottenRows: 0 });
	const { tiers } = await engine.figures();
	expect(tiers.cold?.rows).toBe(closed);
	expect(tiers.hot?.rows).toBe(2 * 217 - closed);
	expect(await rowsOf(vibration)).toBe(before);
	expect(await housekeeping.run()).toMatchObject({ days: 0, forgottenRows: 0 });
});

test("what a rule says is too old is forgotten, tag by tag, in either tier", async () => {
	const { housekeeping, vibration, recipe, rowsOf, engine } = await storageForTest({
		retention: [
			{ dataClass: "restricted", keep: null },
			{ tags: ["+/+/vibration"], keep: "3d" },
		],
	});
	const run = await housekeeping.run();
	expect(run.forgottenRows).toBe(6 * 24);
	expect(await rowsOf(vibration)).toBe(3 * 24 + 1);
	expect(await rowsOf(recipe)).toBe(9 * 24 + 1);
	expect(engine.storedRanges("press")).toEqual([{ first: 0, last: 2 * 217 - 1 }]);
});

/** The same engine, on whose disk each day takes 2 MB. */
const large = (engine: DuckDbSeries): SeriesEngine => ({
	...engine,
	figures: async () => {
		const days = await engine.days({ range: { from: 0n, until: 2n ** 62n } });
		return { ...(await engine.figures()), bytes: days.length * 2_000_000 };
	},
	days: async (query) => (await engine.days(query)).map((day) => ({ ...day, bytes: 2_000_000 })),
});

test("a budget that only warns forgets nothing, and health says by how much it is over", async () => {
	const { housekeeping, vibration, rowsOf } = await storageForTest({ budgetBytes: 15_000_000 }, large);
	await housekeeping.run();
	expect(await rowsOf(vibration)).toBe(217);
	expect(housekeeping.health()).toMatchObject({ state: "degraded", reason: "The history is 5 MB over its budget" });
});

test("a budget that may forget lets whole days go, oldest first, until the rest fits", async () => {
	const { housekeeping, vibration, rowsOf } = await storageForTest({ budgetBytes: 15_000_000, whenFull: "forget-oldest" }, large);
	const run = await housekeeping.run();
	// Three of ten days: the first began at noon.
	expect(run.forgottenRows).toBe(2 * (12 + 2 * 24));
	expect(await rowsOf(vibration)).toBe(217 - 60);
	expect(housekeeping.health()).toEqual({ state: "good" });
});

test("it runs by itself soon after the start and then by its own clock", async () => {
	const { housekeeping, clock } = await storageForTest({ every: "2h" });
	housekeeping.start();
	expect(housekeeping.nextRunAt).toBe(startMs + 120_000);
	await clock.advance(120_000);
	const first = await housekeeping.run();
	expect(first.at).toBe(startMs + 120_000);
	expect(housekeeping.lastRun).toBe(first);
});
