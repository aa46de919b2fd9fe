import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateUntrusted, type Driver, type PeerCertificate, qualityName } from "@millwright/core";
import { memoryTagDirectory, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { ConnectionSettings, MachineMap } from "../api.ts";
import type { TagTally } from "../ledger.ts";
import { noCounts } from "../pipeline/stage.ts";
import { Lane } from "../ring/lane.ts";
import { expandTags } from "../settings/expand.ts";
import { createTrust } from "../trust.ts";
import { type Connection, createConnection } from "./connection.ts";
import { itemsForTest, machineForTest } from "./machine-for-test.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const end of endings.splice(0)) await end();
});

async function connectionForTest(
	driver: Driver,
	given: Record<string, unknown>,
	{ maps = {} }: { maps?: Record<string, unknown> } = {},
) {
	const folder = mkdtempSync(join(tmpdir(), "connection-"));
	const clock = createFakeClock();
	const settings = ConnectionSettings.parse({
		driver: driver.name,
		settings: driver.name === "items" ? { endpoint: "test" } : { host: "test" },
		...given,
	});
	const lane = new Lane("press", { waitingRows: 0, mostWaitingRows: 1_000_000, dirty() {} });
	lane.opened(undefined);
	const tallies = new Map<number, TagTally>();
	const directory = memoryTagDirectory();
	const trust = createTrust({ file: join(folder, "trust.json"), clock, log: silentLog });
	const states: string[] = [];
	const connection: Connection = createConnection({
		name: "press",
		settings,
		plans: expandTags(settings, Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, MachineMap.parse(map)])))
			.tags,
		loadDriver: async () => driver,
		directory,
		tally: {
			lane,
			of(tag) {
				const tally = tallies.get(tag) ?? { ...noCounts(), sequence: -1 };
				tallies.set(tag, tally);
				return tally;
			},
		},
		trust: trust.forConnection("press"),
		folder: join(folder, "driver"),
		environment: {},
		clock,
		log: silentLog,
		changed: (state) => states.push(state),
	});
	let stopped = false;
	const stop = async () => {
		if (stopped) return;
		stopped = true;
		const ending = connection.stop();
		await clock.advance(10_000);
		await ending;
	};
	endings.push(async () => {
		await stop();
		await trust.settled();
		rmSync(folder, { recursive: true, force: true });
	});
	connection.start();
	await clock.advance(0);
	return {
		connection,
		clock,
		states,
		trust,
		stop,
		/** Rows since the last call: tag's own name, value, quality. */
		rows() {
			return lane.takeSealed().flatMap(({ batch }) =>
				Array.from({ length: batch.length }, (_, row) => ({
					tag: directory
						.nameOf(batch.tags[row] as number)
						.split("/")
						.at(-1) as string,
					value: batch.values[row] as number,
					quality: qualityName(batch.quality[row] as number),
					ms: Number((batch.times[row] as bigint) / 1_000_000n),
				})),
			);
		},
		quality: (tag: string) =>
			qualityName(connection.tags.find(({ plan }) => plan.name.endsWith(`/${tag}`))?.pipeline.now.quality ?? -1),
		status: () =>
			connection.status({
				read: 0,
				made: 0,
				filtered: 0,
				rejected: 0,
				buffered: 0,
				sent: 0,
				received: 0,
				stored: 0,
				duplicate: 0,
				expired: 0,
			}),
	};
}

const tagsAt = (...registers: number[]) =>
	Object.fromEntries(registers.map((register) => [`plant/press/r${register}`, { address: { register } }]));

test("neighbours are read in one request at every full second, with the time of reading", async () => {
	const machine = machineForTest();
	machine.registers.set(3, -7);
	const { clock, rows, status } = await connectionForTest(machine.driver, { tags: tagsAt(1, 3), every: "1s" });
	expect(rows().map(({ tag, value }) => [tag, value])).toEqual([
		["r1", 0],
		["r3", -7],
	]);
	await clock.advance(3000);
	expect(machine.requests).toHaveLength(4);
	expect(machine.requests[0]).toEqual({ space: "holding", start: 1, length: 3 });
	expect(rows().map(({ ms }) => ms % 1000)).toEqual([0, 0, 0, 0, 0, 0]);
	expect(status()).toMatchObject({ state: "connected", good: 2, bad: 0, lateShare: 0, failures: 0 });
});

test("a machine that is away is tried again and again, more and more rarely, and read as soon as it is back", async () => {
	const machine = machineForTest();
	machine.isReachable = false;
	const { clock, rows, states, status, quality } = await connectionForTest(machine.driver, {
		tags: tagsAt(1),
		retry: { first: "1s", longest: "10s" },
	});
	expect(status()).toMatchObject({ state: "waiting", reason: "connection refused" });
	expect(rows()).toMatchObject([{ value: Number.NaN, quality: "bad:not-connected" }]);
	await clock.advance(600_000);
	expect(machine.opens).toBeGreaterThan(45);
	expect(machine.opens).toBeLessThan(80);
	expect(rows()).toEqual([]);
	machine.isReachable = true;
	await clock.advance(12_000);
	expect(quality("r1")).toBe("good");
	expect(states.at(-1)).toBe("connected");
});

test("a lost connection says so once per tag, with the last value and the time of the loss, and everything is made anew", async () => {
	const machine = machineForTest();
	machine.registers.set(1, 42);
	const { clock, rows, status } = await connectionForTest(machine.driver, { tags: tagsAt(1) });
	await clock.advance(1000);
	rows();
	machine.tools?.lost(new Error("the cable was cut"));
	await clock.advance(0);
	expect(rows()).toMatchObject([{ value: 42, quality: "bad:not-connected", ms: clock.nowMs() }]);
	expect(status()).toMatchObject({ state: "waiting", reason: "the cable was cut" });
	expect(machine.closes).toBe(1);
	await clock.advance(2000);
	expect(machine.opens).toBe(2);
	expect(status()).toMatchObject({ state: "connected", reconnects: 1 });
	expect(rows()[0]).toMatchObject({ value: 42, quality: "good" });
});

test("only the guilty tag of a refused block is bad, and the refusal is not provoked again for a while", async () => {
	const machine = machineForTest();
	machine.refused.add(5);
	const { clock, rows, connection, quality } = await connectionForTest(machine.driver, {
		tags: tagsAt(1, 2, 3, 4, 5, 6, 7, 8),
		every: "1s",
	});
	expect(["r1", "r4", "r6", "r8"].map(quality)).toEqual(["good", "good", "good", "good"]);
	expect(quality("r5")).toBe("bad:device");
	expect(connection.tags[4]?.reason).toContain("illegal data address");
	rows();
	machine.requests.length = 0;
	await clock.advance(3000);
	expect(machine.requests.some(({ start, length }) => start <= 5 && 5 < start + length)).toBe(false);
	expect(machine.requests).toHaveLength(6);
	expect(rows()).toHaveLength(21);
	machine.tools?.lost(new Error("the cable was cut"));
	await clock.advance(0);
	expect(quality("r5")).toBe("bad:not-connected");
	await clock.advance(2000);
	expect(quality("r5")).toBe("bad:device");
	machine.refused.clear();
	await clock.advance(15 * 60_000);
	expect(quality("r5")).toBe("good");
	machine.requests.length = 0;
	await clock.advance(1000);
	expect(machine.requests).toEqual([{ space: "holding", start: 1, length: 8 }]);
});

test("a gap the device does not tolerate parts the block for good ten minutes", async () => {
	const machine = machineForTest();
	machine.refused.add(4);
	const { clock, rows, quality } = await connectionForTest(machine.driver, { tags: tagsAt(1, 2, 3, 5, 6, 7), every: "1s" });
	expect(["r1", "r2", "r3", "r5", "r6", "r7"].map(quality)).toEqual(Array(6).fill("good"));
	await clock.advance(5000);
	machine.requests.length = 0;
	rows();
	await clock.advance(10_000);
	expect(machine.requests.some(({ start, length }) => start <= 4 && 4 < start + length)).toBe(false);
	expect(rows().every((row) => row.quality === "good")).toBe(true);
});

test("silence turns values stale at their deadline although the socket is open, once", async () => {
	const machine = machineForTest();
	machine.registers.set(1, 9);
	const { clock, rows, quality } = await connectionForTest(machine.driver, { tags: tagsAt(1), every: "1s", timeout: "60s" });
	await clock.advance(2000);
	machine.isMute = true;
	rows();
	await clock.advance(4000);
	expect(rows()).toEqual([]);
	await clock.advance(2000);
	expect(rows()).toMatchObject([{ value: 9, quality: "uncertain:stale" }]);
	await clock.advance(30_000);
	expect(rows()).toEqual([]);
	expect(quality("r1")).toBe("uncertain:stale");
});

test("a half-open line is torn down after three timeouts without an answer, and opened anew", async () => {
	const machine = machineForTest();
	const { clock, status, quality } = await connectionForTest(machine.driver, { tags: tagsAt(1), every: "1s", timeout: "2s" });
	await clock.advance(1000);
	machine.isMute = true;
	await clock.advance(10_000);
	expect(machine.closes).toBe(1);
	expect(status().failures).toBeGreaterThanOrEqual(3);
	expect(machine.opens).toBe(2);
	machine.isMute = false;
	await clock.advance(10_000);
	expect(quality("r1")).toBe("good");
});

test("an answer that comes after its timeout goes nowhere", async () => {
	const machine = machineForTest();
	machine.registers.set(1, 1);
	const { clock, rows } = await connectionForTest(machine.driver, { tags: tagsAt(1), every: "1s", timeout: "500ms" });
	machine.isMute = true;
	await clock.advance(1600);
	machine.isMute = false;
	rows();
	machine.registers.set(1, 666);
	for (const answer of machine.late.splice(0)) answer();
	await clock.advance(0);
	expect(rows()).toEqual([]);
	await clock.advance(1000);
	expect(rows().map(({ value }) => value)).toEqual([666]);
});

test("polls that are late are skipped and counted, never piled up", async () => {
	const machine = machineForTest();
	const { clock, status } = await connectionForTest(machine.driver, { tags: tagsAt(1), every: "100ms", timeout: "20s" });
	machine.isMute = true;
	await clock.advance(2000);
	const asked = machine.requests.length;
	expect(asked).toBe(2);
	machine.isMute = false;
	for (const answer of machine.late.splice(0)) answer();
	await clock.advance(100);
	expect(machine.requests.length).toBeLessThanOrEqual(asked + 2);
	expect(status().lateShare).toBeGreaterThan(0.3);
});

test("an exception in a driver costs its values and nothing else", async () => {
	const machine = machineForTest();
	const { clock, quality, status } = await connectionForTest(machine.driver, { tags: tagsAt(1, 2) });
	machine.throwInDecode = true;
	await clock.advance(1000);
	expect(quality("r1")).toBe("bad:type");
	machine.throwInDecode = false;
	await clock.advance(1000);
	expect(quality("r1")).toBe("good");
	expect(status().state).toBe("connected");
});

test("a tag whose address does not fit is isolated with its reason", async () => {
	const machine = machineForTest();
	const { connection, quality } = await connectionForTest(machine.driver, {
		tags: { ...tagsAt(1), "plant/press/wrong": { address: { register: -1 } } },
	});
	expect(quality("r1")).toBe("good");
	expect(quality("wrong")).toBe("bad:configuration");
	expect(connection.tags.find(({ plan }) => plan.name.endsWith("wrong"))?.problem).toContain("register");
});

test("settings that do not fit the driver leave the connection misconfigured, and nothing is dialled", async () => {
	const machine = machineForTest();
	const { status } = await connectionForTest(machine.driver, { settings: { host: 5 }, tags: tagsAt(1) });
	expect(status()).toMatchObject({ state: "misconfigured" });
	expect(machine.opens).toBe(0);
});

test("an unknown certificate waits for a decision and goes on by itself when it is trusted", async () => {
	const machine = machineForTest();
	const certificate: PeerCertificate = {
		thumbprint: "ab12",
		subject: "CN=plc",
		issuer: "CN=plc",
		validFromMs: 0,
		validUntilMs: 1e13,
		pem: "pem",
	};
	machine.openWith = ({ trust }) => {
		if (!trust.isTrusted(certificate)) throw new CertificateUntrusted(certificate);
	};
	const { clock, status, trust } = await connectionForTest(machine.driver, { tags: tagsAt(1) });
	expect(status()).toMatchObject({ state: "needs-decision" });
	expect(trust.list()).toMatchObject([{ thumbprint: "ab12", state: "waiting", connections: ["press"] }]);
	await clock.advance(60_000);
	expect(machine.opens).toBe(1);
	await trust.decide("ab12", true);
	await clock.advance(0);
	expect(status()).toMatchObject({ state: "connected" });
});

test("a stopped connection leaves no value good behind", async () => {
	const machine = machineForTest();
	const { rows, stop, status } = await connectionForTest(machine.driver, { tags: tagsAt(1) });
	rows();
	await stop();
	expect(rows()).toMatchObject([{ quality: "bad:not-connected" }]);
	expect(machine.closes).toBe(1);
	expect(status().state).toBe("stopped");
});

const items = (...names: string[]) => Object.fromEntries(names.map((item) => [`plant/oven/${item}`, { address: { item } }]));

test("changes of a subscription pass on as they come, and a quiet tag of a living subscription stays good", async () => {
	const machine = itemsForTest();
	const { clock, rows, quality } = await connectionForTest(machine.driver, { tags: items("a", "b"), every: "100ms" });
	expect(rows()).toHaveLength(2);
	machine.send("a", 5);
	expect(rows()).toMatchObject([{ tag: "a", value: 5 }]);
	for (let second = 0; second < 60; second++) {
		await clock.advance(1000);
		machine.alive();
	}
	expect(rows()).toEqual([]);
	expect(quality("b")).toBe("good");
});

test("a subscription without any sign of life turns its tags stale, then is torn down and made anew", async () => {
	const machine = itemsForTest();
	const { clock, rows, quality } = await connectionForTest(machine.driver, { tags: items("a") });
	rows();
	await clock.advance(5500);
	expect(rows()).toMatchObject([{ tag: "a", quality: "uncertain:stale" }]);
	await clock.advance(9700);
	expect(rows()).toMatchObject([{ tag: "a", quality: "bad:not-connected" }]);
	await clock.advance(2000);
	expect(machine.opens).toBe(2);
	expect(quality("a")).toBe("good");
});

test("an item the server refuses harms no other, and is asked for again until it is there", async () => {
	const machine = itemsForTest();
	machine.refused.add("gone");
	const { clock, rows, quality, connection } = await connectionForTest(machine.driver, { tags: items("a", "gone") });
	expect(quality("a")).toBe("good");
	expect(quality("gone")).toBe("bad:configuration");
	expect(connection.tags[1]?.reason).toBe("BadNodeIdUnknown");
	const live = async (seconds: number) => {
		for (let second = 0; second < seconds; second++) {
			machine.alive();
			await clock.advance(1000);
		}
	};
	await live(40);
	machine.refused.clear();
	await live(60);
	expect(quality("gone")).toBe("good");
	rows();
	machine.send("gone", 8);
	machine.send("a", 9);
	expect(rows().map(({ tag, value }) => [tag, value])).toEqual([
		["gone", 8],
		["a", 9],
	]);
});

test("a subscription shows how old its values arrive, and nothing while the clocks disagree; requests have no say in it", async () => {
	const machine = itemsForTest();
	const { clock, status } = await connectionForTest(machine.driver, { tags: items("a", "b") });
	expect(status().latency).toEqual({ of: "nothing", p50: 0, p99: 0 });
	const sendFor = async (seconds: number, aheadMs: number) => {
		machine.aheadMs = aheadMs;
		for (let second = 0; second < seconds; second++) {
			machine.send("a", second);
			await clock.advance(1000);
		}
	};
	await sendFor(10, -80);
	expect(status().latency.of).toBe("arrival");
	expect(status().latency.p50 / 80).toBeCloseTo(1, 1);
	await sendFor(10, 2000);
	expect(status().latency).toEqual({ of: "nothing", p50: 0, p99: 0 });
	await sendFor(130, -20);
	expect(status().latency.of).toBe("arrival");
	expect(status().latency.p99 / 20).toBeCloseTo(1, 1);
	await sendFor(130, -3_600_000);
	expect(status().latency.of).toBe("nothing");
});

test("a machine that is asked shows the time to its answers", async () => {
	const machine = machineForTest();
	const { clock, status } = await connectionForTest(machine.driver, { tags: tagsAt(1), every: "1s" });
	expect(status().latency.of).toBe("request");
	machine.isMute = true;
	await clock.advance(1000);
	await clock.advance(250);
	for (const answer of machine.late.splice(0)) answer();
	await clock.advance(0);
	expect(status().latency.p99 / 250).toBeCloseTo(1, 0);
});

test("a thousand and one items are subscribed in two pieces", async () => {
	const machine = itemsForTest();
	const { quality } = await connectionForTest(machine.driver, {
		tags: items(...Array.from({ length: 1001 }, (_, i) => `i${i}`)),
	});
	expect(machine.listeners.map(({ addresses }) => addresses.length)).toEqual([1000, 1]);
	expect(quality("i1000")).toBe("good");
});

test("a map is shifted and filled in for each machine", async () => {
	const machine = itemsForTest();
	const map = {
		driver: "items",
		tags: { temperature: { address: { item: "{node}.temp" }, pipeline: { context: { setpoint: "target" } } } },
	};
	const { connection } = await connectionForTest(
		machine.driver,
		{ machines: [{ asset: "plant/line-1/cnc-1", map: "cnc", with: { node: "CNC1" } }] },
		{ maps: { cnc: map } },
	);
	expect(connection.tags[0]?.plan).toMatchObject({ name: "plant/line-1/cnc-1/temperature", address: { item: "CNC1.temp" } });
	expect(connection.tags[0]?.plan.settings.pipeline.context).toEqual({ setpoint: "plant/line-1/cnc-1/target" });
});
