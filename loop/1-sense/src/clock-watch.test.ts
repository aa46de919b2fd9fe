import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, Quality, type SampleBatch } from "@millwright/core";
import { createBus, createClock, memoryConfig, memoryTagDirectory, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { clockJumped, samples } from "./api.ts";
import { createClockWatch } from "./clock-watch.ts";
import { machineForTest } from "./connection/machine-for-test.ts";
import { keepPace } from "./connection/pace.ts";
import { createRolling } from "./connection/rolling.ts";
import { createSense } from "./sense.ts";
import { senseSection } from "./settings/section.ts";

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const end of endings.splice(0).reverse()) await end();
});

function watched() {
	const clock = createFakeClock();
	const bus = createBus({ log: silentLog });
	const heard: number[] = [];
	bus.on(clockJumped, "test", ({ byMs }) => heard.push(byMs));
	return { clock, heard, watch: createClockWatch({ clock, bus, log: silentLog }) };
}
const hour = 3_600_000;

test("a clock that is set forward or back by an hour is told once, and times that come twice are uncertain", async () => {
	const { clock, heard, watch } = watched();
	const start = Number(watch.clock.now()) / 1e6;
	await clock.advance(1000);
	watch.tick();
	clock.set(start + 1000 + hour);
	watch.tick();
	expect(heard).toEqual([hour]);
	expect(watch.qualityAt(watch.clock.nowMs())).toBe(Quality.good);
	await clock.advance(1000);
	expect(watch.qualityAt(watch.clock.nowMs())).toBe(Quality.good);
	clock.set(start + 2000);
	const back = watch.clock.nowMs();
	expect(back).toBe(start + 2000);
	expect(heard).toEqual([hour, -hour]);
	expect(watch.qualityAt(back)).toBe(Quality.uncertainClock);
	await clock.advance(hour - 1);
	expect(watch.qualityAt(watch.clock.nowMs())).toBe(Quality.uncertainClock);
	await clock.advance(2);
	expect(watch.qualityAt(watch.clock.nowMs())).toBe(Quality.good);
	expect(watch.jumps).toBe(2);
});

test("a clock that is corrected by little never makes a time go back, and one that is turned slowly is no jump", async () => {
	const { clock, heard, watch } = watched();
	const before = watch.clock.now();
	clock.set(Number(before / 1_000_000n) - 200);
	expect(watch.clock.now()).toBe(before);
	for (let second = 0; second < 2000; second++) {
		await clock.advance(1000);
		// 500 ppm for half an hour make a second.
		clock.set(Number(clock.now() / 1_000_000n) + (second % 2));
		watch.tick();
	}
	expect(heard).toEqual([]);
});

test("small steps back that add up are a jump too", async () => {
	const { clock, heard, watch } = watched();
	watch.tick();
	for (let step = 0; step < 5; step++) {
		clock.set(Number(clock.now() / 1_000_000n) - 100);
		await clock.advance(1);
		watch.tick();
	}
	expect(heard).toHaveLength(1);
	expect(heard[0]).toBeLessThan(-250);
});

test("whatever is done to the wall clock, polls keep their pace", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: -2 * hour, max: 2 * hour })), { maxLength: 6 }),
			fc.constantFrom(100, 250, 1000),
			async (jumps, everyMs) => {
				const clock = createFakeClock();
				const ending = new AbortController();
				const at: number[] = [];
				const [polls, late] = [createRolling(() => clock.monotonicMs()), createRolling(() => clock.monotonicMs())];
				const pace = keepPace({
					everyMs,
					poll: async () => void at.push(clock.monotonicMs()),
					clock,
					signal: ending.signal,
					polls,
					late,
				});
				for (const [waitMs, byMs] of jumps) {
					await clock.advance(waitMs);
					clock.set(clock.nowMs() + byMs);
				}
				await clock.advance(20 * everyMs);
				ending.abort(new Error("over"));
				await pace;
				const steps = at.slice(2).map((ms, i) => ms - (at[i + 1] as number));
				for (const step of steps) {
					expect(step).toBeGreaterThanOrEqual(everyMs * 0.98);
					expect(step).toBeLessThanOrEqual(everyMs * 1.02);
				}
				expect(late.sum()).toBe(0);
			},
		),
		{ numRuns: 30 },
	);
});

test("polls come back to multiples of their period after the clock was set", async () => {
	const clock = createFakeClock();
	const ending = new AbortController();
	const wall: number[] = [];
	const rolling = () => createRolling(() => clock.monotonicMs());
	const poll = async () => void wall.push(Number(clock.now() / 1_000_000n));
	const pace = keepPace({ everyMs: 1000, poll, clock, signal: ending.signal, polls: rolling(), late: rolling() });
	await clock.advance(2500);
	clock.set(clock.nowMs() + 300);
	await clock.advance(40_000);
	ending.abort(new Error("over"));
	await pace;
	expect((wall.at(-1) as number) % 1000).toBeLessThanOrEqual(1);
	expect((wall[4] as number) % 1000).toBeGreaterThan(1);
});

async function senseWithSettableClock() {
	const folder = mkdtempSync(join(tmpdir(), "clock-"));
	const real = createClock();
	let setBy = 0;
	const clock: Clock = {
		...real,
		now: () => real.now() + BigInt(setBy) * 1_000_000n,
		nowMs: () => real.nowMs() + setBy,
	};
	const bus = createBus({ log: silentLog });
	const machine = machineForTest();
	const heard: SampleBatch[] = [];
	bus.receive(samples, "test", (batch) => heard.push(batch));
	const jumps: number[] = [];
	bus.on(clockJumped, "test", ({ byMs }) => jumps.push(byMs));
	const tags = { "plant/press/force": { address: { register: 1 } } };
	const press = { driver: "blocks", settings: { host: "h" }, every: "20ms", tags };
	const sense = createSense({
		config: memoryConfig([senseSection], { sense: { ring: { keep: "30min" }, connections: { press } } }, silentLog, clock),
		directory: memoryTagDirectory(),
		bus,
		clock,
		log: silentLog,
		drivers: { blocks: async () => machine.driver },
		dataFolder: folder,
	});
	endings.push(async () => {
		await sense.part.stop();
		rmSync(folder, { recursive: true, force: true });
	});
	await sense.part.start();
	const setClock = (byMs: number): void => {
		setBy += byMs;
	};
	return { heard, jumps, sense, machine, setClock };
}

const rowsOf = (heard: readonly SampleBatch[]) =>
	heard.flatMap((batch) =>
		Array.from({ length: batch.length }, (_, row) => ({
			time: batch.times[row] as bigint,
			quality: batch.quality[row] as number,
		})),
	);

test("while the clock is set by hours both ways, values keep coming, none is lost to its age, and no good time goes back", async () => {
	const { heard, jumps, sense, setClock } = await senseWithSettableClock();
	await expect.poll(() => rowsOf(heard).length).toBeGreaterThan(5);
	setClock(hour);
	await expect.poll(() => jumps.length).toBe(1);
	const afterFirst = rowsOf(heard).length;
	await expect.poll(() => rowsOf(heard).length).toBeGreaterThan(afterFirst + 5);
	setClock(-2 * hour);
	await expect.poll(() => jumps.length).toBe(2);
	const afterSecond = rowsOf(heard).length;
	await expect.poll(() => rowsOf(heard).length).toBeGreaterThan(afterSecond + 5);
	expect(jumps.map((by) => Math.round(by / hour))).toEqual([1, -2]);
	const rows = rowsOf(heard);
	const good = rows.filter(({ quality }) => quality === Quality.good).map(({ time }) => time);
	expect(good).toEqual(good.toSorted((a, b) => (a < b ? -1 : 1)));
	expect(rows.slice(-3).map(({ quality }) => quality)).toEqual(Array(3).fill(Quality.uncertainClock));
	const { tags } = await sense.service.tags({ limit: 5, offset: 0 });
	expect(tags[0]).toMatchObject({ quality: "uncertain:clock", reason: "The clock of this machine was set back" });
	// The ring keeps half an hour: a clock an hour ahead makes nothing older.
	const { total, longestOutageMs } = await sense.service.ledger({});
	expect(total.expired).toBe(0);
	expect(longestOutageMs).toBeLessThan(60_000);
	expect(sense.part.figures?.().find(({ name }) => name === "sense_clock_jumps_total")?.value).toBe(2);
});
