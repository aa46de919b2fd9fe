import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SeriesDay } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { createCapacity } from "./capacity.ts";
import { forecast } from "./forecast.ts";
import { createGrowthFile } from "./growth-file.ts";
import { quotaOf, thisMachine } from "./machine.ts";
import { createWindow } from "./window.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const folderForTest = () => {
	const folder = mkdtempSync(join(tmpdir(), "capacity-"));
	folders.push(folder);
	return folder;
};
const dayMs = 86_400_000;

async function boxForTest({ days = [] as number[] } = {}) {
	const clock = createFakeClock({ startMs: 1_790_000_000_000 });
	const box = { own: 0, busy: 0, total: 0, active: 0, idle: 0, commits: 0, values: 0, free: 80e9, available: 3e9, clients: 10 };
	const capacity = createCapacity({
		data: folderForTest(),
		clock,
		log: silentLog,
		ring: () => ({ commits: box.commits, lastCommitMs: 5 }),
		valuesRead: () => box.values,
		bounded: async () => [{ name: "mqtt-clients", title: "MQTT clients", unit: "clients", used: box.clients, limit: 1000 }],
		historyDays: async () =>
			days.map((bytes, i): SeriesDay => ({ day: BigInt(i) * 86_400_000_000_000n, rows: 1, bytes, tier: "cold" })),
		machine: {
			cores: () => 2,
			memory: () => ({ limit: 4e9, available: box.available }),
			processors: () => ({ busy: box.busy, total: box.total }),
			ownProcessorMs: () => box.own,
			residentBytes: () => 4e8,
		},
		disk: async () => ({ free: box.free, total: 100e9 }),
		loopUtilization: () => ({ active: box.active, idle: box.idle }),
	});
	await capacity.part.start();
	/** So many seconds in which the box does so much of each. */
	async function seconds(count: number, share: { own: number; busy: number; loop: number; commits: number; values: number }) {
		for (let i = 0; i < count; i++) {
			box.own += 2000 * share.own;
			box.busy += 2000 * share.busy;
			box.total += 2000;
			box.active += 1000 * share.loop;
			box.idle += 1000 * (1 - share.loop);
			box.commits += share.commits;
			box.values += share.values;
			await clock.advance(1000);
		}
	}
	return { capacity, box, seconds, ask: capacity.service.capacity };
}

test("each share is what was measured, averaged over a quarter of an hour, and the fullest is named", async () => {
	const { seconds, ask, box, capacity } = await boxForTest();
	await seconds(1800, { own: 0.9, busy: 0.9, loop: 0.9, commits: 0, values: 0 });
	await seconds(900, { own: 0.1, busy: 0.3, loop: 0.4, commits: 20, values: 5000 });
	const { shares, used, firstLimit, valuesPerSecond, measuredMinutes, sentence } = await ask();
	const of = Object.fromEntries(shares.map(({ name, used: share }) => [name, Math.round(share * 1000) / 1000]));
	expect(of).toEqual({
		cpu: 0.3,
		"main-thread": 0.4,
		"ring-disk": 0.1,
		memory: 0.25,
		disk: 0.2,
		"mqtt-clients": 0.01,
	});
	expect({ used: Math.round(used * 100), firstLimit, valuesPerSecond, measuredMinutes }).toEqual({
		used: 40,
		firstLimit: "main-thread",
		valuesPerSecond: 5000,
		measuredMinutes: 15,
	});
	expect(sentence).toBe("This box is 40 % used; first limit: main thread");
	expect(capacity.part.health?.()).toEqual({ state: "good" });
	expect(capacity.part.figures?.().map(({ labels, value }) => [labels?.resource, Math.round(value * 100)])).toEqual([
		["cpu", 30],
		["main-thread", 40],
		["ring-disk", 10],
		["memory", 25],
		["disk", 20],
	]);
	box.free = 4e9;
	box.available = 0.1e9;
	box.clients = 999;
	expect((await ask()).firstLimit).toBe("mqtt-clients");
	expect(capacity.part.health?.()).toMatchObject({ state: "degraded", reason: expect.stringContaining("96 of 100 GB") });
	await capacity.part.stop();
});

test("right after the start what was not measured yet does not count", async () => {
	const { ask, capacity } = await boxForTest();
	const { shares, firstLimit, measuredMinutes } = await ask();
	expect(shares.filter(({ counts }) => !counts).map(({ name }) => name)).toEqual(["cpu", "main-thread", "ring-disk"]);
	expect(firstLimit).toBe("memory");
	expect(measuredMinutes).toBe(0);
	await capacity.part.stop();
});

test("whole days of history say when the disk is full; the first one, which began in its middle, does not count", async () => {
	const { ask, box, capacity } = await boxForTest({ days: [1e6, 2e9, 2e9, 2e9] });
	box.free = 20e9;
	expect(await ask()).toMatchObject({
		firstLimit: "disk",
		sentence: "This box is 80 % used; first limit: disk of the data folder, full in 10 days (10 to 10)",
		disk: { bytesPerDay: 2e9, daysLeft: 10, measuredDays: 3 },
	});
	await capacity.part.stop();
});

test("a forecast says how sure it is, by the spread of the days", () => {
	const days = [1e9, 1.4e9, 0.8e9, 1.2e9, 1.1e9].map((bytes) => ({ bytes }));
	const { bytesPerDay, daysLeft, daysLeftLow, daysLeftHigh } = forecast({ free: 110e9, growth: [], days });
	// Mean 1.1, s = 0.2236, t(4) = 2.132: 1.1 ± 0.2132.
	expect(bytesPerDay).toBe(1.1e9);
	expect([daysLeft, daysLeftLow, daysLeftHigh]).toEqual([100, 83.8, 124]);
	const wild = forecast({ free: 1e9, growth: [], days: [0, 3e9, 0.1e9].map((bytes) => ({ bytes })) });
	expect(wild.daysLeftHigh).toBeUndefined();
	expect(wild.daysLeftLow).toBeGreaterThan(0);
});

test("what is forgotten counts too: the folder's own growth is believed before the cost of days", () => {
	const growth = Array.from({ length: 9 }, (_, i) => ({ at: i * dayMs, bytes: 50e9 + (i % 2) * 1e6 }));
	const days = Array.from({ length: 9 }, () => ({ bytes: 5e9 }));
	const { bytesPerDay, how } = forecast({ free: 1e9, growth, days });
	expect(Math.abs(bytesPerDay)).toBeLessThan(1e6);
	expect(how).toContain("kept and forgotten");
	expect(forecast({ free: 1e9, growth: growth.slice(0, 1), days: [] })).toMatchObject({
		bytesPerDay: 0,
		how: expect.stringContaining("not known yet"),
	});
	const hours = forecast({
		free: 24e9,
		growth: [
			{ at: 0, bytes: 0 },
			{ at: dayMs / 4, bytes: 1e9 },
		],
		days: [],
	});
	expect(hours).toMatchObject({ bytesPerDay: 4e9, daysLeft: 6 });
	expect(hours.daysLeftLow).toBeUndefined();
});

test("looks at the data folder outlive a restart, are bounded, and forget a future that a wrong clock made", async () => {
	const file = join(folderForTest(), "growth.json");
	const first = createGrowthFile({ file });
	await first.load();
	for (let i = 0; i < 2000; i++) await first.add({ at: i * 3_600_000, bytes: i });
	const again = createGrowthFile({ file });
	await again.load();
	expect(again.looks().length).toBeLessThanOrEqual(400);
	expect(again.looks().at(-1)?.at).toBeGreaterThan(1990 * 3_600_000);
	await again.add({ at: 100 * 3_600_000, bytes: 5 });
	expect(again.looks().every(({ at }) => at <= 100 * 3_600_000)).toBe(true);
	writeFileSync(file, "{ not json");
	const broken = createGrowthFile({ file });
	await broken.load();
	expect(broken.looks()).toEqual([]);
	await broken.add({ at: 1, bytes: 1 });
	expect(JSON.parse(readFileSync(file, "utf8"))).toEqual([{ at: 1, bytes: 1 }]);
});

test("a counter that began anew has risen by what it shows", () => {
	const window = createWindow<"values">({ longestMs: 60_000 });
	window.add(0, { values: 1000 });
	window.add(10_000, { values: 50 });
	expect(window.rise(60_000)).toEqual({ overMs: 10_000, by: { values: 50 } });
});

test("a container's share of the processor is read from the kernel; the machine's figures make sense", () => {
	expect(quotaOf("150000 100000\n")).toBe(1.5);
	expect(quotaOf("max 100000\n")).toBeUndefined();
	expect(quotaOf("")).toBeUndefined();
	const machine = thisMachine();
	expect(machine.cores()).toBeGreaterThan(0);
	const { limit, available } = machine.memory();
	expect(available).toBeGreaterThan(0);
	expect(available).toBeLessThanOrEqual(limit);
	const { busy, total } = machine.processors();
	expect(busy).toBeLessThanOrEqual(total);
});
