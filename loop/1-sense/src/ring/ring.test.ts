import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SampleBatch } from "@millwright/core";
import { createBus, createClock, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { samples } from "../api.ts";
import { openRingLink, type RingLink } from "./link.ts";
import { createRing, type Ring } from "./ring.ts";

const folders: string[] = [];
const rings: Ring[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
	for (const child of children.splice(0)) child.kill("SIGKILL");
	for (const ring of rings.splice(0)) await ring.stop();
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderForTest(): string {
	const folder = mkdtempSync(join(tmpdir(), "ring-"));
	folders.push(folder);
	return folder;
}

async function ringForTest(
	folder: string,
	options: {
		keep?: number;
		keepAcknowledged?: number;
		maxBytes?: number;
		hardBytes?: number;
		mostWaitingRows?: number;
		group?: number;
	} = {},
) {
	const { keep = 72 * 3_600_000, keepAcknowledged = keep, maxBytes = 1e9, group = 5, ...rest } = options;
	const bus = createBus({ log: silentLog });
	const heard: SampleBatch[] = [];
	bus.receive(samples, "test", (batch) => heard.push(batch));
	const ring = createRing({
		file: join(folder, "ring.db"),
		settings: { keep, keepAcknowledged, maxBytes, group },
		bus,
		clock: createClock(),
		log: silentLog,
		...rest,
	});
	rings.push(ring);
	await ring.start();
	return { ring, heard };
}

async function eventually(holds: () => boolean, within = 10_000): Promise<void> {
	const end = Date.now() + within;
	while (!holds()) {
		if (Date.now() > end) throw new Error("it never came true");
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

const numbersOf = (batches: readonly SampleBatch[], connection = "press") =>
	batches
		.filter((batch) => batch.connection === connection && batch.length > 0)
		.flatMap((batch) => Array.from({ length: batch.length }, (_, i) => batch.first + i));
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

function fill(ring: Ring, count: number, connection = "press"): void {
	const lane = ring.lane(connection);
	for (let i = 0; i < count; i++) {
		lane.counts.read++;
		lane.add(1 + (i % 3), BigInt(Date.now()) * 1_000_000n, i / 7, 0);
		lane.settle();
	}
}

test("rows are published once they are durable, numbered in order from 0", async () => {
	const { ring, heard } = await ringForTest(folderForTest());
	fill(ring, 10);
	await eventually(() => numbersOf(heard).length === 10);
	fill(ring, 9000);
	await eventually(() => numbersOf(heard).length === 9010);
	expect(numbersOf(heard)).toEqual(upTo(9010));
	expect(heard.every((batch) => !batch.historical)).toBe(true);
	expect(ring.lane("press").buffered).toBe(9010);
	ring.receipts.acknowledge("press", 8999);
	expect(ring.lane("press").buffered).toBe(10);
});

test("what was not acknowledged comes again after a restart, historical and first, and numbers go on", async () => {
	const folder = folderForTest();
	const before = await ringForTest(folder);
	fill(before.ring, 100);
	fill(before.ring, 50, "oven");
	await eventually(() => numbersOf(before.heard).length === 100 && numbersOf(before.heard, "oven").length === 50);
	before.ring.receipts.acknowledge("press", 59);
	before.ring.receipts.acknowledge("oven", 49);
	await before.ring.stop();
	const { ring, heard } = await ringForTest(folder);
	expect(ring.lane("press").counts.read).toBe(100);
	fill(ring, 5);
	fill(ring, 5, "oven");
	await eventually(() => numbersOf(heard).includes(104) && numbersOf(heard, "oven").length === 5);
	const replayed = heard.filter((batch) => batch.connection === "press");
	expect(numbersOf(replayed).filter((number) => number > 59)).toEqual(upTo(45, 60));
	expect(replayed.filter((batch) => batch.last < 100).every((batch) => batch.historical)).toBe(true);
	expect(replayed.filter((batch) => batch.first >= 100).every((batch) => !batch.historical)).toBe(true);
	expect(numbersOf(heard, "oven")).toEqual(upTo(5, 50));
});

test("what falls out of the ring before it was acknowledged is counted and said, and an empty batch covers its numbers", async () => {
	const folder = folderForTest();
	const { ring, heard } = await ringForTest(folder, { maxBytes: 20_000 });
	for (let i = 0; i < 30; i++) {
		fill(ring, 200);
		await eventually(() => numbersOf(heard).length === (i + 1) * 200);
	}
	const lane = ring.lane("press");
	await eventually(() => lane.expired > 0);
	expect(ring.figures().bytes).toBeLessThan(25_000);
	expect(lane.expired + lane.buffered).toBe(6000);
	const empty = heard.filter((batch) => batch.length === 0);
	expect(empty[0]?.first).toBe(0);
	expect(empty.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBe(lane.expired);
});

test("old rows go by age, acknowledged ones without a word", async () => {
	const folder = folderForTest();
	const { ring, heard } = await ringForTest(folder, { keep: 1 });
	fill(ring, 20);
	await eventually(() => numbersOf(heard).length === 20);
	ring.receipts.acknowledge("press", 19);
	await eventually(() => {
		fill(ring, 1);
		ring.receipts.acknowledge("press", ring.lane("press").committed);
		return ring.figures().rows < 20;
	});
	expect(numbersOf(heard)).toEqual(upTo(numbersOf(heard).length));
});

test("a full disk is said, what is lost is counted, and the ring goes on by itself", async () => {
	const folder = folderForTest();
	const { ring, heard } = await ringForTest(folder, { hardBytes: 64 * 4096, mostWaitingRows: 30_000 });
	const lane = ring.lane("press");
	await eventually(() => {
		fill(ring, 2000);
		return ring.health().state === "failing";
	});
	expect(ring.health().reason).toContain("full");
	await eventually(() => {
		fill(ring, 5000);
		return /\d+ values wait in memory, \d+ are lost/.test(ring.health().reason ?? "");
	});
	ring.receipts.acknowledge("press", lane.committed);
	await eventually(() => {
		ring.receipts.acknowledge("press", lane.committed);
		return ring.health().state === "good";
	});
	await eventually(() => {
		ring.receipts.acknowledge("press", lane.committed);
		return ring.figures().waitingRows === 0;
	});
	expect(lane.expired).toBeGreaterThan(0);
	expect(lane.written.read).toBe(lane.sent);
	expect(numbersOf(heard)).toHaveLength(lane.sent - lane.expired);
	// What is lost has its numbers too, so that nobody waits for it.
	expect(heard.flatMap(({ first, last }) => upTo(last - first + 1, first))).toEqual(upTo(lane.sent));
});

test("a damaged file is put aside, a fresh one begun, and no number comes twice", async () => {
	const folder = folderForTest();
	const before = await ringForTest(folder);
	fill(before.ring, 100);
	await eventually(() => numbersOf(before.heard).length === 100);
	await before.ring.stop();
	for (const name of readdirSync(folder))
		if (/^ring\.db(-wal|-shm)?$/.test(name)) writeFileSync(join(folder, name), "not a database, not even a little".repeat(500));
	const { ring, heard } = await ringForTest(folder);
	expect(ring.health()).toMatchObject({ state: "degraded" });
	expect(readdirSync(folder).some((name) => name.startsWith("ring.db.broken-"))).toBe(true);
	fill(ring, 3);
	await eventually(() => numbersOf(heard).length === 3);
	expect(numbersOf(heard)[0]).toBeGreaterThanOrEqual(100);
	expect(heard[0]).toMatchObject({ length: 0, first: 0 });
});

/** As a dying disk does: the files are as long as before, what stands in them is not. */
function scribbleOver(folder: string): void {
	for (const name of readdirSync(folder)) {
		if (!/^ring\.db(-wal)?$/.test(name)) continue;
		const handle = openSync(join(folder, name), "r+");
		writeSync(handle, Buffer.alloc(statSync(join(folder, name)).size, 0x5a));
		closeSync(handle);
	}
}

test("a file that breaks while it is in use is put aside: what only it had is counted as lost, numbers go on, also over a restart", async () => {
	const folder = folderForTest();
	const { ring, heard } = await ringForTest(folder);
	const [press, oven, quiet] = [ring.lane("press"), ring.lane("oven"), ring.lane("quiet")];
	fill(ring, 50, "oven");
	fill(ring, 7, "quiet");
	for (let i = 0; i < 100; i++) {
		fill(ring, 4000);
		await eventually(() => press.committed === (i + 1) * 4000 - 1);
	}
	ring.receipts.acknowledge("press", 99_999);
	const heardBefore = press.committed;
	scribbleOver(folder);
	await eventually(() => {
		fill(ring, 10);
		void ring.replayFrom("press", 0).catch(() => {});
		return ring.health().state === "degraded";
	});
	expect(ring.health()).toMatchObject({
		reason: expect.stringContaining("put aside"),
		hint: expect.stringContaining("Check the disk"),
	});
	expect(readdirSync(folder).some((name) => name.startsWith("ring.db.broken-"))).toBe(true);
	fill(ring, 1000);
	fill(ring, 5, "oven");
	await eventually(() => ring.figures().waitingRows === 0 && press.written.read === press.counts.read);
	// Each number was said once live, whatever was repeated or given up beside it.
	const live = heard.filter(({ connection, historical, first }) => connection === "press" && !historical && first > heardBefore);
	expect(live.flatMap(({ first, last }) => upTo(last - first + 1, first))).toEqual(
		upTo(press.sent - heardBefore - 1, heardBefore + 1),
	);
	expect(press.written.read).toBe(press.sent);
	expect(press.expired).toBeGreaterThanOrEqual(heardBefore - 99_999);
	expect(press.expired + press.buffered).toBe(press.sent - 100_000);
	expect([oven.sent, oven.expired, oven.buffered]).toEqual([55, 50, 5]);
	const told = [press, oven, quiet].map(({ sent, expired, buffered, written }) => ({ sent, expired, buffered, written }));
	await ring.stop();
	const again = await ringForTest(folder);
	const known = ["press", "oven", "quiet"].map((connection) => again.ring.lane(connection));
	expect(known.map(({ sent, expired, buffered, written }) => ({ sent, expired, buffered, written }))).toEqual(told);
	fill(again.ring, 1);
	await eventually(() => again.ring.lane("press").sent === (told[0]?.sent ?? 0) + 1);
	expect(again.ring.health()).toEqual({ state: "good" });
});

test("a consumer that lacks something is sent it again and told from where on it is still there", async () => {
	const { ring, heard } = await ringForTest(folderForTest(), { maxBytes: 8000 });
	for (let i = 0; i < 20; i++) {
		fill(ring, 200);
		await eventually(() => numbersOf(heard).length === (i + 1) * 200);
	}
	heard.length = 0;
	const available = (await ring.replayFrom("press", 0)) as number;
	expect(available).toBeGreaterThan(0);
	await eventually(() => numbersOf(heard).at(-1) === 3999);
	expect(numbersOf(heard)).toEqual(upTo(4000 - available, available));
	expect(heard.every((batch) => batch.historical)).toBe(true);
	expect(await ring.replayFrom("press", 4000)).toBeUndefined();
	expect(await ring.replayFrom("nobody", 0)).toBeUndefined();
});

test("the ring's thread may die in the middle of work: nothing is lost, nothing comes twice", async () => {
	const folder = folderForTest();
	const bus = createBus({ log: silentLog });
	const heard: SampleBatch[] = [];
	bus.receive(samples, "test", (batch) => heard.push(batch));
	const links: RingLink[] = [];
	const ring = createRing({
		file: join(folder, "ring.db"),
		settings: { keep: 1e9, keepAcknowledged: 1e9, maxBytes: 1e9, group: 1 },
		bus,
		clock: createClock(),
		log: silentLog,
		openLink: async (data) => {
			const link = await openRingLink(data);
			links.push(link);
			return link;
		},
	});
	rings.push(ring);
	await ring.start();
	let given = 0;
	for (let round = 1; round <= 3; round++) {
		for (let i = 0; i < 20; i++) {
			fill(ring, 50);
			given += 50;
			await new Promise((resolve) => setTimeout(resolve, 2));
			if (i === 10) void links.at(-1)?.terminate();
		}
		await eventually(() => numbersOf(heard).length >= given && links.length === round + 1);
	}
	expect(numbersOf(heard)).toEqual(upTo(given));
	await ring.stop();
	const again = await ringForTest(folder);
	await eventually(() => numbersOf(again.heard).length >= given);
	expect(numbersOf(again.heard)).toEqual(upTo(given));
});

test("what a consumer refused for a while is delivered once more, historical, until it is acknowledged", async () => {
	const clock = createFakeClock({ startMs: Date.now() });
	const bus = createBus({ log: silentLog });
	const heard: SampleBatch[] = [];
	let isRefusing = false;
	const ring = createRing({
		file: join(folderForTest(), "ring.db"),
		settings: { keep: 1e9, keepAcknowledged: 1e9, maxBytes: 1e9, group: 5 },
		bus,
		clock,
		log: silentLog,
	});
	rings.push(ring);
	bus.receive(samples, "test", (batch) => {
		if (isRefusing) return;
		heard.push(batch);
		ring.receipts.acknowledge(batch.connection, batch.last);
	});
	/** Turns the clock while the worker, which has its own time, does its work. */
	const passing = async (holds: () => boolean, step: number) => {
		const end = Date.now() + 10_000;
		while (!holds()) {
			if (Date.now() > end) throw new Error("it never came true");
			await clock.advance(step);
			await new Promise((resolve) => setTimeout(resolve, 2));
		}
	};
	await ring.start();
	fill(ring, 10);
	await passing(() => numbersOf(heard).length === 10, 5);
	isRefusing = true;
	fill(ring, 10);
	await passing(() => ring.lane("press").committed === 19, 5);
	await passing(() => ring.lane("press").published === 19, 5);
	isRefusing = false;
	await passing(() => numbersOf(heard).length === 20, 1000);
	expect(numbersOf(heard)).toEqual(upTo(20));
	expect(heard.at(-1)?.historical).toBe(true);
	expect(ring.figures().longestOutageMs).toBeGreaterThan(25_000);
});

const writer = `
import { createBus, createClock, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { createRing } from "${new URL("./ring.ts", import.meta.url).pathname}";
import { samples } from "${new URL("../api.ts", import.meta.url).pathname}";
const bus = createBus({ log: silentLog });
bus.receive(samples, "writer", (batch) => {
	if (!batch.historical) process.stdout.write(batch.first + " " + batch.last + " " + batch.values[0] + "\\n");
});
const ring = createRing({ file: process.argv[2], settings: { keep: 1e9, keepAcknowledged: 1e9, maxBytes: 1e9, group: 2 }, bus, clock: createClock(), log: silentLog });
await ring.start();
const lane = ring.lane("press");
const { read, made, filtered } = lane.written;
process.stdout.write("open " + lane.next + " " + (read + made - filtered) + "\\n");
let value = lane.next;
setInterval(() => {
	for (let i = 0; i < 40; i++) {
		if (i % 7 === 0) lane.counts.made++;
		else lane.counts.read++;
		if (i % 3 === 0) {
			lane.counts.read++;
			lane.counts.filtered++;
		}
		lane.add(1, BigInt(Date.now()) * 1000000n, value++, 0);
		lane.settle();
	}
}, 1);
`;

test("everything said to be durable outlives kill -9, nothing comes twice, numbers go on", async () => {
	const folder = folderForTest();
	const script = join(new URL(".", import.meta.url).pathname, `writer-for-test-${process.pid}.ts`);
	writeFileSync(script, writer);
	try {
		let said = -1;
		for (let round = 0; round < 4; round++) {
			const child = spawn(process.execPath, [script, join(folder, "ring.db")], { stdio: ["ignore", "pipe", "inherit"] });
			children.push(child);
			const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
			let count = 0;
			for await (const line of lines) {
				if (line.startsWith("open")) {
					const [next, accounted] = line.slice(5).split(" ").map(Number);
					expect(next).toBeGreaterThan(said);
					expect(accounted).toBe(next);
					continue;
				}
				const parts = line.split(" ").map(Number);
				// A line torn by the kill has fewer parts.
				if (parts.length === 3) said = Math.max(said, parts[1] as number);
				if (++count >= 20 + round * 7) child.kill("SIGKILL");
			}
		}
		const { ring, heard } = await ringForTest(folder);
		await eventually(() => ring.lanes().every((lane) => !lane.isReplaying));
		const numbers = numbersOf(heard);
		expect(numbers.length).toBeGreaterThan(said);
		expect(numbers).toEqual(upTo(numbers.length));
		for (const batch of heard) for (let row = 0; row < batch.length; row++) expect(batch.values[row]).toBe(batch.first + row);
		const { written, sent } = ring.lane("press");
		expect(sent).toBe(numbers.length);
		expect(written.read + written.made).toBe(sent + written.filtered);
		expect(Math.min(written.made, written.filtered)).toBeGreaterThan(0);
	} finally {
		rmSync(script);
	}
	expect(existsSync(script)).toBe(false);
}, 60_000);

test("an orderly end waits for the receipts of what was delivered, so that a restart says nothing twice", async () => {
	const folder = folderForTest();
	const { ring, heard } = await ringForTest(folder);
	const acknowledgeLater = (from: number) => {
		const batches = heard.slice(from);
		setTimeout(() => {
			for (const { connection, last } of batches) ring.receipts.acknowledge(connection, last);
			if (heard.length > from + batches.length) acknowledgeLater(from + batches.length);
		}, 150);
	};
	fill(ring, 10);
	await eventually(() => numbersOf(heard).length === 10);
	ring.receipts.acknowledge("press", 9);
	fill(ring, 500);
	await eventually(() => heard.length > 1);
	acknowledgeLater(1);
	await ring.stop();
	const again = await ringForTest(folder);
	fill(again.ring, 5);
	await eventually(() => numbersOf(again.heard).length >= 5);
	expect(numbersOf(again.heard)).toEqual(upTo(5, 510));
	expect(again.ring.lane("press").buffered).toBe(5);
});

test("an orderly end does not wait for ever: what a silent consumer owes comes again", async () => {
	const folder = folderForTest();
	const { ring, heard } = await ringForTest(folder);
	fill(ring, 10);
	await eventually(() => numbersOf(heard).length === 10);
	ring.receipts.acknowledge("press", 9);
	fill(ring, 20);
	await eventually(() => numbersOf(heard).length === 30);
	await ring.stop();
	const again = await ringForTest(folder);
	await eventually(() => numbersOf(again.heard).length === 20);
	expect(numbersOf(again.heard)).toEqual(upTo(20, 10));
});
