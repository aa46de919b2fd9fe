import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Quality, type Value } from "@millwright/core";
import { memoryTagDirectory, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConnectionSettings } from "./api.ts";
import { createConnection } from "./connection/connection.ts";
import { itemsForTest } from "./connection/machine-for-test.ts";
import type { TagTally } from "./ledger.ts";
import { noCounts } from "./pipeline/stage.ts";
import { Lane } from "./ring/lane.ts";
import { expandTags } from "./settings/expand.ts";
import { createTrust } from "./trust.ts";

const passes = [
	{ by: "all" },
	{ by: "sample", every: 700 },
	{ by: "deadband", absolute: 2, percent: 5, atLeastEvery: 5000 },
	{ by: "deadband" },
	{ by: "swinging-door", deviation: 1.5 },
	{ by: "swinging-door", deviation: 0.5, atLeastEvery: 3000 },
	{ by: "summary", window: 2000 },
];
const checks = {
	range: { min: -50, max: 50, outside: "drop" },
	rate: { perSecond: 1000, outside: "drop" },
	stuckAfter: 4000,
};
const tags = Object.fromEntries(
	passes
		.flatMap((pass) => [
			{ kind: "number", pipeline: { pass, ...checks } },
			{ kind: "integer", pipeline: { pass } },
			{ kind: "boolean", pipeline: { pass } },
			...(pass.by === "summary" || pass.by === "swinging-door" ? [] : [{ kind: "text", pipeline: { pass } }]),
		])
		.map((tag, item) => [`plant/cell/t${item}`, { ...tag, address: { item: `i${item}` } }]),
);
const count = Object.keys(tags).length;

type Step =
	| { does: "send"; item: number; values: Value[]; quality: Quality; lateMs: number }
	| { does: "pass"; ms: number }
	| { does: "lose" }
	| { does: "refuse"; item: number };

const value: fc.Arbitrary<Value> = fc.oneof(
	{ weight: 8, arbitrary: fc.integer({ min: -60, max: 60 }) },
	{ weight: 4, arbitrary: fc.double({ min: -60, max: 60 }) },
	fc.constantFrom<Value>(Number.NaN, Number.POSITIVE_INFINITY, null, true, false, "", "words", "7", 2n ** 63n, -5n),
);
const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 12,
		arbitrary: fc.record({
			does: fc.constant("send" as const),
			item: fc.nat(count - 1),
			values: fc.array(value, { minLength: 1, maxLength: 4 }),
			quality: fc.oneof(
				{ weight: 6, arbitrary: fc.constant<Quality>(Quality.good) },
				fc.constantFrom<Quality>(Quality.uncertain, Quality.uncertainStale, Quality.badDevice, Quality.badSensorFault),
			),
			lateMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -2000, max: 20_000 })),
		}),
	},
	{ weight: 4, arbitrary: fc.record({ does: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 8000 }) }) },
	{ weight: 1, arbitrary: fc.record({ does: fc.constant("lose" as const) }) },
	{ weight: 1, arbitrary: fc.record({ does: fc.constant("refuse" as const), item: fc.nat(count - 1) }) },
);

async function plantForTest(room: number) {
	const folder = mkdtempSync(join(tmpdir(), "ledger-"));
	const clock = createFakeClock();
	const machine = itemsForTest();
	const settings = ConnectionSettings.parse({ driver: "items", settings: { endpoint: "test" }, every: 500, tags });
	const keeper = { waitingRows: 0, mostWaitingRows: room, dirty() {} };
	const lane = new Lane("cell", keeper);
	lane.opened(undefined);
	const tallies = new Map<number, TagTally>();
	const trust = createTrust({ file: join(folder, "trust.json"), clock, log: silentLog });
	const connection = createConnection({
		name: "cell",
		settings,
		plans: expandTags(settings, {}).tags,
		loadDriver: async () => machine.driver,
		directory: memoryTagDirectory(),
		tally: {
			lane,
			of(tag) {
				const tally = tallies.get(tag) ?? { ...noCounts(), sequence: -1 };
				tallies.set(tag, tally);
				return tally;
			},
		},
		trust: trust.forConnection("cell"),
		folder: join(folder, "driver"),
		environment: {},
		clock,
		log: silentLog,
		changed() {},
	});
	let lost = 0;
	let sent = 0;
	const commit = () => {
		for (const { batch, counts } of lane.takeSealed()) {
			expect(batch.first).toBe(sent);
			sent = batch.last + 1;
			if (batch.length === 0) lost += batch.last - batch.first + 1;
			keeper.waitingRows -= batch.length;
			expect(counts.filtered + counts.rejected).toBeLessThanOrEqual(counts.read);
		}
		const { read, made, filtered, rejected } = lane.counts;
		expect({ read, made, sum: read + made }).toEqual({ read, made, sum: sent + filtered + rejected });
	};
	connection.start();
	await clock.advance(0);
	return {
		async take(step: Step) {
			switch (step.does) {
				case "send": {
					const time = clock.now() - BigInt(step.lateMs) * 1_000_000n;
					for (const { addresses, changed } of machine.listeners) {
						const index = addresses.findIndex(({ item }) => item === `i${step.item}`);
						if (index < 0) continue;
						for (const value of step.values) changed(index, { value, time, quality: step.quality });
					}
					return;
				}
				case "pass":
					machine.alive();
					await clock.advance(step.ms);
					return;
				case "lose":
					machine.tools?.lost(new Error("cut"));
					await clock.advance(2000);
					return;
				case "refuse":
					machine.refused = new Set([`i${step.item}`]);
			}
		},
		commit,
		lost: () => lost,
		counts: lane.counts,
		async end() {
			const ending = connection.stop();
			await clock.advance(10_000);
			await ending;
			await trust.settled();
			rmSync(folder, { recursive: true, force: true });
			commit();
		},
	};
}

test("read and made make exactly what is sent, filtered and rejected, whatever a machine does and whatever is passed on", async () => {
	const seen = { ...noCounts(), lost: 0 };
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.array(step, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 6 }),
			fc.constantFrom(1_000_000, 40),
			async (rounds, room) => {
				const plant = await plantForTest(room);
				try {
					for (const steps of rounds) {
						for (const one of steps) await plant.take(one);
						plant.commit();
					}
				} finally {
					await plant.end();
				}
				for (const name of ["read", "filtered", "rejected", "made"] as const) seen[name] += plant.counts[name];
				seen.lost += plant.lost();
			},
		),
		{ numRuns: 200 },
	);
	for (const total of [seen.read, seen.filtered, seen.rejected, seen.made, seen.lost]) expect(total).toBeGreaterThan(0);
});
