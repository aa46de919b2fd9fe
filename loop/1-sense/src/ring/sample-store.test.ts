import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeBatch, encodeBatch, type SampleBatch, SequenceSet } from "@millwright/core";
import { createBus, createClock, silentLog } from "@millwright/runtime";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { samples } from "../api.ts";
import { createRing, type Ring } from "./ring.ts";
import { sliceBatch } from "./rows.ts";

const folders: string[] = [];
const rings: Ring[] = [];
afterEach(async () => {
	for (const ring of rings.splice(0)) await ring.stop();
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folderForTest(): string {
	const folder = mkdtempSync(join(tmpdir(), "sample-store-"));
	folders.push(folder);
	return folder;
}

interface Options {
	backlog?: "push" | "pull";
	keep?: number;
	keepAcknowledged?: number;
	maxBytes?: number;
}

async function ringIn(folder: string, { backlog = "pull", keep = 1e9, keepAcknowledged = 1e9, maxBytes = 1e9 }: Options = {}) {
	const bus = createBus({ log: silentLog });
	const heard: SampleBatch[] = [];
	bus.receive(samples, "test", (batch) => heard.push(batch));
	const ring = createRing({
		file: join(folder, "ring.db"),
		settings: { keep, keepAcknowledged, maxBytes, group: 1 },
		bus,
		clock: createClock(),
		log: silentLog,
		backlog,
	});
	rings.push(ring);
	await ring.start();
	return { ring, heard };
}

/** Row n of "press": tag n mod 3, source time n ms, value n. Several batches. */
async function fill(ring: Ring, from: number, count: number, batchOf = 50): Promise<void> {
	const lane = ring.lane("press");
	for (let number = from; number < from + count; ) {
		let rows = 0;
		for (; rows < batchOf && number < from + count; rows++, number++) {
			lane.counts.read++;
			lane.add(number % 3, BigInt(number) * 1_000_000n, number, 0);
		}
		await lane.durable(rows);
	}
}

const numbersIn = (batches: readonly SampleBatch[]) =>
	batches.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

async function pullAll(ring: Ring, maxRows: number): Promise<SampleBatch[]> {
	const all: SampleBatch[] = [];
	for (let at = 0; ; ) {
		const { batches, next } = await ring.store.pull("press", at, maxRows);
		expect(batches.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(maxRows);
		if (batches.length === 0) return all;
		expect(next).toBeGreaterThan(at);
		all.push(...batches);
		at = next;
	}
}

test("whatever ranges are acknowledged in whatever order, a pull brings exactly the others, in order and once, also after a restart", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.tuple(fc.nat(399), fc.nat(120)), { maxLength: 8 }),
			fc.integer({ min: 1, max: 90 }),
			async (ranges, maxRows) => {
				const folder = folderForTest();
				const { ring } = await ringIn(folder);
				await fill(ring, 0, 400);
				const set = new SequenceSet();
				for (const [first, length] of ranges) {
					ring.receipts.acknowledgeRange("press", first, first + length);
					set.add(first, Math.min(399, first + length));
				}
				const owed = upTo(400).filter((number) => !set.has(number));
				expect(ring.lane("press").buffered).toBe(owed.length);
				const pulled = await pullAll(ring, maxRows);
				expect(numbersIn(pulled)).toEqual(owed);
				for (const { values, first, length } of pulled) expect([...values]).toEqual(upTo(length, first));
				await ring.stop();
				const again = await ringIn(folder);
				expect(numbersIn(await pullAll(again.ring, 1000))).toEqual(owed);
				expect(again.ring.store.unacknowledged("press").flatMap(({ first, last }) => upTo(last - first + 1, first))).toEqual(
					owed,
				);
				await again.ring.stop();
			},
		),
		{ numRuns: 8 },
	);
});

test("a consumer that pulls hears new samples at once, whatever an earlier run left", async () => {
	const folder = folderForTest();
	const { ring } = await ringIn(folder);
	await fill(ring, 0, 100);
	await ring.stop();
	const { ring: next, heard } = await ringIn(folder);
	await fill(next, 100, 10);
	expect(numbersIn(heard)).toEqual(upTo(10, 100));
	next.receipts.acknowledgeRange("press", 100, 109);
	expect(next.store.unacknowledged("press")).toEqual([{ first: 0, last: 99 }]);
	next.receipts.acknowledge("press", 99);
	expect(next.store.unacknowledged("press")).toEqual([]);
	expect(next.lane("press").acknowledged).toBe(109);
});

test("room is made from what is acknowledged, however new, before anything unacknowledged goes", async () => {
	const { ring, heard } = await ringIn(folderForTest(), { maxBytes: 60_000 });
	await fill(ring, 0, 2000);
	for (let from = 2000; from < 20_000; from += 1000) {
		await fill(ring, from, 1000, 500);
		ring.receipts.acknowledgeRange("press", from, from + 999);
	}
	await fill(ring, 20_000, 50);
	expect(ring.figures().bytes).toBeLessThanOrEqual(62_000);
	expect(ring.lane("press").expired).toBe(0);
	expect(numbersIn(await pullAll(ring, 500))).toEqual([...upTo(2000), ...upTo(50, 20_000)]);
	expect(heard.every(({ length }) => length > 0)).toBe(true);
	// And when nothing else is left the oldest go, counted, and a pull says which.
	for (let from = 20_050; from < 26_050; from += 1000) await fill(ring, from, 1000, 500);
	const { expired, buffered } = ring.lane("press");
	expect(expired).toBeGreaterThan(0);
	const pulled = await pullAll(ring, 1000);
	const lost = numbersIn(pulled.filter(({ length }) => length === 0)).length;
	expect(lost).toBe(expired);
	expect(numbersIn(pulled.filter(({ length }) => length > 0)).length).toBe(buffered);
});

test("acknowledged samples stay for their time and no longer", async () => {
	const folder = folderForTest();
	const kept = await ringIn(folder, { keepAcknowledged: 1e9 });
	await fill(kept.ring, 0, 300);
	kept.ring.receipts.acknowledgeRange("press", 0, 99);
	kept.ring.receipts.acknowledgeRange("press", 200, 299);
	await fill(kept.ring, 300, 1);
	expect(kept.ring.figures().rows).toBe(301);
	await kept.ring.stop();
	const { ring } = await ringIn(folder, { keepAcknowledged: 0 });
	await expect
		.poll(
			async () => {
				await fill(ring, ring.lane("press").committed + 1, 1);
				return ring.figures().rows - (ring.lane("press").committed + 1 - 300);
			},
			{ timeout: 10_000 },
		)
		.toBe(100);
	expect(numbersIn(await pullAll(ring, 1000)).slice(0, 100)).toEqual(upTo(100, 100));
});

test("what was, by source time and tags, comes with its own numbers, acknowledged or not", async () => {
	const { ring } = await ringIn(folderForTest());
	await fill(ring, 0, 1000);
	ring.receipts.acknowledge("press", 700);
	const ask = async (about: { tags?: number[]; from: number; until: number }) => {
		const rows: [number, number][] = [];
		for await (const { batch, numbers } of ring.store.replayRange({ connection: "press", ...about })) {
			expect(batch.historical).toBe(true);
			expect(batch.length).toBe(numbers.length);
			for (let row = 0; row < batch.length; row++) rows.push([numbers[row] as number, batch.values[row] as number]);
		}
		return rows;
	};
	expect(await ask({ from: 640, until: 760 })).toEqual(upTo(120, 640).map((n) => [n, n]));
	expect(await ask({ tags: [2], from: 0, until: 30 })).toEqual([2, 5, 8, 11, 14, 17, 20, 23, 26, 29].map((n) => [n, n]));
	expect(await ask({ tags: [9], from: 0, until: 1000 })).toEqual([]);
	expect(await ask({ from: 5000, until: 6000 })).toEqual([]);
	await expect(ask({ from: 0, until: 1 }).then(() => ring.store.pull("nobody", 0, 10))).rejects.toThrow(/nobody/);
});

test("a slice of a batch keeps numbers, rows and texts together", () => {
	const whole: SampleBatch = {
		connection: "press",
		first: 10,
		last: 13,
		historical: false,
		readAtMs: 1,
		length: 4,
		tags: Uint32Array.of(1, 2, 3, 4),
		times: BigInt64Array.of(1n, 2n, 3n, 4n),
		values: Float64Array.of(1, Number.NaN, 3, Number.NaN),
		quality: Uint8Array.of(0, 1, 2, 3),
		texts: new Map([
			[1, "b"],
			[3, "d"],
		]),
	};
	const slice = decodeBatch(encodeBatch(sliceBatch(whole, 12, 99)));
	expect(slice).toMatchObject({ first: 12, last: 13, length: 2, texts: new Map([[1, "d"]]) });
	expect([...slice.tags]).toEqual([3, 4]);
	expect([...slice.quality]).toEqual([2, 3]);
});

test("what is kept of numbers comes cut to them, acknowledged or not, also from within a batch", async () => {
	const folder = folderForTest();
	const { ring } = await ringIn(folder);
	await fill(ring, 0, 1000);
	ring.receipts.acknowledge("press", 700);
	const kept = async (first: number, last: number) => {
		const batches: SampleBatch[] = [];
		for await (const batch of ring.store.kept({ connection: "press", first, last })) batches.push(batch);
		expect(batches.every(({ historical, length, first: from, last: to }) => historical && length === to - from + 1)).toBe(true);
		expect(batches.flatMap(({ values }) => [...values])).toEqual(numbersIn(batches));
		return numbersIn(batches);
	};
	expect(await kept(120, 733)).toEqual(upTo(614, 120));
	expect(await kept(777, 777)).toEqual([777]);
	expect(await kept(990, 5000)).toEqual(upTo(10, 990));
	expect(ring.store.isOpen()).toBe(true);
});
