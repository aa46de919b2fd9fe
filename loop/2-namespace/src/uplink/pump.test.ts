import { decodeBatch, type EnvelopeEntry, type NumberRange, SampleBatchBuilder } from "@millwright/core";
import { createFakeClock } from "@millwright/testkit";
import { expect, test } from "vitest";
import { UplinkSettings } from "./api-uplink.ts";
import { createCentreClock } from "./centre-clock.ts";
import { createPump } from "./pump.ts";
import { parcelOf, UpLane } from "./up-lane.ts";

const rowsABatch = 100;
const batchOf = (connection: string, first: number) => {
	const builder = new SampleBatchBuilder(rowsABatch);
	for (let at = 0; at < rowsABatch; at++) builder.add(at + 1, BigInt(first + at) * 1_000_000_000n, Math.sin(first + at), 0);
	return builder.take({ connection, first });
};

/** A pump over stores that hold whole batches; what it sends is confirmed by the broker at once. */
function pumpForTest(given: Record<string, unknown> = {}, stores: Record<string, NumberRange[]> = {}) {
	const clock = createFakeClock();
	const settings = UplinkSettings.parse({ connections: { urgent: { priority: 1 }, idle: { priority: 8 } }, ...given });
	const lanes = new Map(["urgent", "idle", "usual"].map((name) => [name, new UpLane(name)]));
	const sent: { atMs: number; what: string[]; bytes: number }[] = [];
	const pump = createPump({
		clock,
		settings: () => settings,
		lanes,
		priorityOf: (connection) => settings.connections[connection]?.priority ?? settings.priority,
		isReady: () => true,
		send(entries: EnvelopeEntry[], _rows, done) {
			const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
			pump.spend(bytes);
			sent.push({
				atMs: clock.monotonicMs(),
				what: entries.map(({ lane, bytes: batch }) => `${lane} ${decodeBatch(batch).connection}`),
				bytes,
			});
			setImmediate(done);
		},
		store: {
			unacknowledged: (connection) => stores[connection] ?? [],
			pull: async (connection, from, rows) => ({
				batches: Array.from({ length: Math.ceil(rows / rowsABatch) }, (_, at) => batchOf(connection, from + at * rowsABatch)),
				next: from + rows,
			}),
		},
	});
	const lane = (name: string): UpLane => lanes.get(name) as UpLane;
	return { clock, pump, lane, sent };
}

test("what is live goes before the backlog, and within each the urgent goes first", async () => {
	const { clock, pump, lane, sent } = pumpForTest(
		{ messageBytes: 4096, inFlightRows: 1_000_000 },
		{ urgent: [{ first: 0, last: 999 }], idle: [{ first: 0, last: 999 }] },
	);
	pump.fetch(lane("idle"));
	await clock.advance(0);
	const held = sent.length;
	pump.fetch(lane("urgent"));
	await clock.advance(0);
	lane("idle").queueLive(parcelOf(batchOf("idle", 50_000), "live"));
	lane("urgent").queueLive(parcelOf(batchOf("urgent", 50_000), "live"));
	pump.arrived();
	await clock.advance(50);
	const went = sent.slice(held).flatMap(({ what }) => what);
	const liveAt = went.flatMap((what, at) => (what.startsWith("live") ? [at] : []));
	expect(liveAt.map((at) => went[at])).toEqual(["live urgent", "live idle"]);
	expect(lane("idle").live).toEqual([]);
	expect(lane("urgent").backlog.length + lane("idle").backlog.length).toBe(0);
});

test("no more goes up than the budget allows, over any span of a second", async () => {
	const budget = 20_000;
	const { clock, pump, lane, sent } = pumpForTest({ budget, inFlightRows: 10_000_000 }, { usual: [{ first: 0, last: 999_999 }] });
	const waves = clock.every(100, () => {
		for (let at = 0; at < 5; at++)
			lane("usual").queueLive(parcelOf(batchOf("usual", 2_000_000 + clock.monotonicMs() * 100 + at * 100), "live"));
		pump.arrived();
		pump.fetch(lane("usual"));
	});
	await clock.advance(10_000);
	waves.cancel();
	const total = sent.reduce((sum, { bytes }) => sum + bytes, 0);
	expect(total).toBeGreaterThan(budget * 8);
	for (const { atMs } of sent) {
		const within = sent.filter((one) => one.atMs >= atMs && one.atMs < atMs + 1000).reduce((sum, { bytes }) => sum + bytes, 0);
		// A quarter of a second may be saved up, and one message may be in debt.
		expect(within).toBeLessThan(budget * 1.25 + 6000);
	}
});

test("what cannot go up live in time is left to the store, the oldest of the least urgent first", async () => {
	const { clock, pump, lane } = pumpForTest({ budget: 1000, inFlightRows: 2000 });
	for (let at = 0; at < 8; at++) {
		lane("urgent").queueLive(parcelOf(batchOf("urgent", at * rowsABatch), "live"));
		lane("idle").queueLive(parcelOf(batchOf("idle", at * rowsABatch), "live"));
	}
	pump.go();
	await clock.advance(10);
	expect(lane("urgent").liveRows + lane("idle").liveRows).toBeLessThanOrEqual(1000);
	expect(lane("urgent").live.length).toBeGreaterThan(lane("idle").live.length);
	expect(lane("idle").live[0]?.first ?? Number.POSITIVE_INFINITY).toBeGreaterThan(0);
});

test("nothing more goes up while too much is unconfirmed", async () => {
	const { clock, pump, lane, sent } = pumpForTest({ inFlightRows: 1000, messageBytes: 4096 });
	for (let at = 0; at < 5; at++) lane("usual").queueLive(parcelOf(batchOf("usual", at * rowsABatch), "live"));
	for (let at = 5; at < 40; at++) {
		lane("usual").queueLive(parcelOf(batchOf("usual", at * rowsABatch), "live"));
		pump.go();
		await clock.advance(1);
	}
	expect(lane("usual").flyingRows).toBeLessThanOrEqual(1000 + 500);
	const before = sent.length;
	lane("usual").giveUp(() => true);
	pump.go();
	await clock.advance(1);
	expect(sent.length).toBeGreaterThan(before);
});

test("the centre's clock is told by the quickest answer, and a clock that is set is noticed at once", () => {
	const centre = createCentreClock();
	// Ours 1000, theirs 400 ahead, 10 ms each way; then a slow way back that would say 350.
	centre.answer({ asked: 1000, came: 1410, left: 1412, got: 1022 });
	centre.answer({ asked: 2000, came: 2410, left: 2412, got: 2122 });
	expect(centre.offsetMs).toBe(400);
	expect(centre.roundTripMs).toBe(20);
	centre.answer({ asked: 3000, came: 3_603_010, left: 3_603_010, got: 3020 });
	expect(centre.offsetMs).toBe(3_600_000);
});
