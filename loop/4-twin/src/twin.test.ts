import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Principal, Quality, type SampleBatch, SampleBatchBuilder } from "@millwright/core";
import { openRecords } from "@millwright/records-sqlite";
import { createBus, memoryConfig, memoryTagDirectory, silentLog } from "@millwright/runtime";
import { samples } from "@millwright/sense/api";
import { createFakeClock } from "@millwright/testkit";
import type { Kysely } from "kysely";
import { afterEach, expect, test } from "vitest";
import { conditionChanged, derivedSamples, limitCleared, limitRaised } from "./api.ts";
import { createTwin, type TwinTables, twinMigrations, twinSection } from "./index.ts";

const clean: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const run of clean.splice(0).reverse()) await run();
});

const pump = {
	title: { en: "Pump", es: "Bomba" },
	symbol: "pump",
	state: "mode",
	tags: {
		flow: { unit: "m3/h", limits: { low: 20 }, overview: 1 },
		"outlet-pressure": { unit: "bar" },
		"inlet-pressure": { unit: "bar", dataClass: "restricted" },
		"shaft-power": { unit: "kW" },
		mode: { kind: "integer", states: { "0": { en: "Stopped", es: "Parada" }, "1": { en: "Running", es: "En marcha" } } },
		efficiency: { unit: "1", expression: "hydraulic_power / shaft_power", limits: { low: 0.7 } },
		"hydraulic-power": { unit: "kW", expression: "flow * (outlet_pressure - inlet_pressure) / 36.0" },
	},
};
const path = "northworks/building-a/process-cell/pump-001";

async function plantForTest(folder = mkdtempSync(join(tmpdir(), "twin-"))) {
	const clock = createFakeClock();
	const bus = createBus({ log: silentLog });
	const directory = memoryTagDirectory();
	const records = openRecords({ file: join(folder, "records.sqlite"), log: silentLog, migrations: twinMigrations });
	const config = memoryConfig(
		[twinSection],
		{ twin: { templates: { pump }, assets: { [path]: { template: "pump", title: "Pump 001", about: { model: "NK-40-160" } } } } },
		silentLog,
		clock,
	);
	const twin = createTwin({
		config,
		directory,
		bus,
		db: records.db as unknown as Kysely<TwinTables>,
		clock,
		log: silentLog,
		unitProblem: () => undefined,
	});
	await twin.part.start();
	const told: string[] = [];
	const derived: SampleBatch[] = [];
	bus.on(limitRaised, "test", ({ tag, level }) => void told.push(`+${tag.slice(path.length + 1)} ${level}`));
	bus.on(limitCleared, "test", ({ tag, level }) => void told.push(`-${tag.slice(path.length + 1)} ${level}`));
	bus.on(conditionChanged, "test", ({ condition }) => void told.push(condition));
	bus.receive(derivedSamples, "test", (batch) => void derived.push(batch));
	let sequence = 0;
	const observe = (
		values: Record<string, number>,
		{ seconds = 0, quality = Quality.good as number, historical = false } = {},
	) => {
		const builder = new SampleBatchBuilder();
		for (const [name, value] of Object.entries(values)) {
			const id = directory.assign([`${path}/${name}`])[0] as number;
			builder.add(id, (BigInt(clock.nowMs()) + BigInt(seconds * 1000)) * 1_000_000n, value, quality);
		}
		const first = sequence;
		sequence += builder.length;
		bus.send(samples, builder.take({ connection: "plc", first, historical, readAtMs: clock.nowMs() }));
	};
	const stop = async () => {
		await twin.part.stop();
		await records.close();
	};
	return { twin, told, derived, observe, bus, clock, directory, config, stop };
}

const tagState = async (twin: Awaited<ReturnType<typeof plantForTest>>["twin"], name: string) =>
	(await twin.service.state({ asset: path })).tags.find((tag) => tag.name === name);
const running = { flow: 45.2, "outlet-pressure": 8.5, "inlet-pressure": 1.2, "shaft-power": 11.2, mode: 1 };

test("the sources' pump gets its state vector, with derived tags of derived tags in the right order", async () => {
	const { twin, observe, derived, stop, directory } = await plantForTest();
	clean.push(stop);
	observe(running);
	expect((await tagState(twin, "hydraulic-power"))?.value).toBeCloseTo(9.1656, 4);
	expect((await tagState(twin, "efficiency"))?.value).toBeCloseTo(0.81835, 4);
	expect(derived).toHaveLength(1);
	expect(derived[0]).toMatchObject({ connection: "twin:plc", first: 0, last: 4, length: 2 });
	expect([...(derived[0]?.tags ?? [])].map((id) => directory.nameOf(id).split("/").at(-1))).toEqual([
		"hydraulic-power",
		"efficiency",
	]);
	expect((await twin.service.state({ asset: path })).state).toEqual({ en: "Running", es: "En marcha" });
});

test("a derived tag is as bad as the worst value it needs, says so once, and keeps its last value in sight", async () => {
	const { twin, observe, derived, stop } = await plantForTest();
	clean.push(stop);
	observe(running);
	observe({ flow: Number.NaN }, { seconds: 1, quality: Quality.badNotConnected });
	observe({ flow: Number.NaN }, { seconds: 2, quality: Quality.badNotConnected });
	expect(derived.map(({ length }) => length)).toEqual([2, 2]);
	expect(await tagState(twin, "efficiency")).toMatchObject({ quality: "bad:not-connected" });
	expect((await tagState(twin, "efficiency"))?.value).toBeCloseTo(0.818, 3);
	observe({ flow: 40 }, { seconds: 3 });
	expect(await tagState(twin, "efficiency")).toMatchObject({ quality: "good" });
});

test("limits on measured and derived tags are raised, make the asset abnormal, and clear", async () => {
	const { twin, observe, told, stop } = await plantForTest();
	clean.push(stop);
	observe(running);
	observe({ flow: 15 }, { seconds: 1 });
	expect(told).toEqual(["good", "+flow low", "+efficiency low", "abnormal"]);
	expect((await twin.service.overview({ below: "" })).counts).toMatchObject({ abnormal: 1, assets: 1, tags: 7 });
	observe({ flow: 45 }, { seconds: 2 });
	expect(told.slice(4)).toEqual(["-flow low", "-efficiency low", "good"]);
	const { events, total } = await twin.service.limitEvents({ limit: 10, offset: 0 });
	expect(total).toBe(2);
	expect(events.every(({ clearedAt }) => clearedAt !== undefined)).toBe(true);
});

test("a replayed older value changes neither the state nor a limit", async () => {
	const { twin, observe, told, stop } = await plantForTest();
	clean.push(stop);
	observe(running);
	observe({ flow: 1 }, { seconds: -60, historical: true });
	expect((await tagState(twin, "flow"))?.value).toBe(45.2);
	expect(told).toEqual(["good"]);
});

test("after an outage live goes first; what comes late is derived as it was then, and raises nothing now", async () => {
	const { twin, derived, told, bus, directory, clock, observe, stop } = await plantForTest();
	clean.push(stop);
	observe(running);
	const send = (first: number, seconds: number, values: Record<string, number>): void => {
		const builder = new SampleBatchBuilder();
		for (const [name, value] of Object.entries(values))
			builder.add(
				directory.assign([`${path}/${name}`])[0] as number,
				BigInt(clock.nowMs() + seconds * 1000) * 1_000_000n,
				value,
				0,
			);
		bus.send(samples, builder.take({ connection: "plc", first, historical: seconds < 60, readAtMs: Number.NaN }));
	};
	const efficiencies = (batch: SampleBatch | undefined): [second: number, value: number][] =>
		[...(batch?.tags ?? [])].flatMap((id, row) =>
			directory.nameOf(id).endsWith("/efficiency")
				? [[Number((batch?.times[row] ?? 0n) / 1_000_000_000n) - Math.floor(clock.nowMs() / 1000), batch?.values[row] as number]]
				: [],
		);
	send(8, 60, { flow: 45.2, "shaft-power": 22.4 });
	send(5, 10, { "shaft-power": 5.6 });
	send(6, 20, { flow: 22.6 });
	send(7, 30, { flow: 10 });
	const found = derived.slice(1).map(efficiencies);
	// Half the power makes it twice as efficient, then half the flow as efficient as it was: from the state before the gap.
	expect(found.map((rows) => rows.map(([second]) => second))).toEqual([[60], [10], [20], [30]]);
	expect(found.map(([row]) => row?.[1])).toEqual([
		expect.closeTo(0.81835 / 2, 4),
		expect.closeTo(0.81835 * 2, 4),
		expect.closeTo(0.81835, 4),
		expect.closeTo((0.81835 * 2 * 10) / 45.2, 4),
	]);
	expect(derived.slice(1).map(({ first, last, historical }) => [first, last, historical])).toEqual([
		[8, 9, false],
		[5, 5, true],
		[6, 6, true],
		[7, 7, true],
	]);
	expect((await tagState(twin, "flow"))?.value).toBe(45.2);
	expect(told.filter((what) => what.includes("flow"))).toEqual([]);
});

test("a spike inside one batch is seen although a later value of the same batch is back in bounds", async () => {
	const { observe, told, bus, directory, clock, stop } = await plantForTest();
	clean.push(stop);
	observe(running);
	const id = directory.idOf(`${path}/flow`) as number;
	const builder = new SampleBatchBuilder();
	for (const [at, value] of [44, 3, 44].entries())
		builder.add(id, BigInt(clock.nowMs() + 1000 + at) * 1_000_000n, value, Quality.good);
	bus.send(samples, builder.take({ connection: "plc", first: 100 }));
	expect(told.filter((what) => what.includes("flow"))).toEqual(["+flow low", "-flow low"]);
});

test("all values lost is disconnected, some is stale", async () => {
	const { observe, told, stop } = await plantForTest();
	clean.push(stop);
	observe(running);
	observe({ "shaft-power": Number.NaN }, { seconds: 1, quality: Quality.badDevice });
	observe(Object.fromEntries(Object.keys(running).map((name) => [name, Number.NaN])), {
		seconds: 2,
		quality: Quality.badNotConnected,
	});
	expect(told).toEqual(["good", "stale", "disconnected"]);
});

test("what was raised before a restart is known after it and not told again", async () => {
	const folder = mkdtempSync(join(tmpdir(), "twin-"));
	clean.push(() => rmSync(folder, { recursive: true }));
	const before = await plantForTest(folder);
	before.observe(running);
	before.observe({ flow: 15 }, { seconds: 1 });
	await before.stop();
	const after = await plantForTest(folder);
	clean.push(after.stop);
	expect((await after.twin.service.limitEvents({ active: true, limit: 10, offset: 0 })).total).toBe(2);
	after.observe({ ...running, flow: 14 }, { seconds: 2 });
	expect(after.told).toEqual(["abnormal"]);
	after.observe(running, { seconds: 3 });
	expect(after.told.filter((what) => what.startsWith("-"))).toEqual(["-flow low", "-efficiency low"]);
});

test("changing an asset's limit takes effect at once and ends what the old one raised", async () => {
	const { twin, observe, told, stop } = await plantForTest();
	clean.push(stop);
	observe(running);
	observe({ flow: 15 }, { seconds: 1 });
	await twin.service.setLimits({ asset: path, name: "flow", limits: { low: 10 } });
	expect(told).toContain("-flow low");
	expect((await tagState(twin, "flow"))?.limits).toMatchObject({ low: 10 });
	await expect(twin.service.setLimits({ asset: path, name: "flow", limits: { low: 10, high: 5 } })).rejects.toMatchObject({
		code: "config.invalid",
	});
});

test("who may not see a class does not get its tags", async () => {
	const { twin, observe, stop } = await plantForTest();
	clean.push(stop);
	observe(running);
	const operator: Principal = { id: "user_1", name: "Olga", kind: "person", roles: ["operator"] };
	const seen = await twin.service.state({ asset: path }, { principal: operator });
	expect(seen.tags.map(({ name }) => name)).not.toContain("inlet-pressure");
	expect(
		(await twin.service.values({ tags: [`${path}/inlet-pressure`, `${path}/flow`] }, { principal: operator })).values,
	).toHaveLength(1);
});

test("a circle of expressions and a unit nobody knows are refused before they run", async () => {
	const { config, stop } = await plantForTest();
	clean.push(stop);
	const circle = config.preview([{ path: ["twin", "templates", "pump", "tags", "flow", "expression"], value: "efficiency * 2" }]);
	await expect(
		config.apply([{ path: ["twin", "templates", "pump", "tags", "flow", "expression"], value: "efficienc * 2" }], {
			who: "test",
		}),
	).rejects.toMatchObject({ code: "config.invalid" });
	expect(circle.problems.map(({ code }) => code)).toContain("twin.expression-circular");
});
