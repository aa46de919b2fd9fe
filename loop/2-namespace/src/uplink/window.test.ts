import { Quality, type SampleBatch, SampleBatchBuilder } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { WindowSummary } from "./window.ts";

const ids = { mean: 101, min: 102, max: 103, stddev: 104, count: 105, last: 106 };
const window = (from = 0) => new WindowSummary({ widthMs: 1000, from, idsOf: () => ids });

function batchOf(first: number, rows: readonly { ms: number; value: number | string; quality?: number }[]): SampleBatch {
	const builder = new SampleBatchBuilder(8);
	for (const { ms, value, quality = 0 } of rows) builder.add(1, BigInt(ms) * 1_000_000n, value, quality);
	return builder.take({ connection: "press", first });
}
const statisticOf = (summary: SampleBatch, id: number): number | undefined => summary.values[[...summary.tags].indexOf(id)];

test("a window's statistics are those of its samples, at the window's end, with the numbers they were made of", () => {
	const one = window();
	expect(
		one.add(
			batchOf(
				0,
				[2, 4, 4, 4, 5, 5, 7, 9].map((value, at) => ({ ms: 5000 + at * 100, value })),
			),
		),
	).toEqual([]);
	const [closed] = one.add(batchOf(8, [{ ms: 6000, value: 1 }]));
	expect(closed).toMatchObject({ first: 0, last: 7 });
	const { summary } = closed as { summary: SampleBatch };
	expect(summary.connection).toBe("summary:press");
	expect(summary.times[0]).toBe(6_000_000_000n);
	// Mean 5 and sample deviation √(32/7): the textbook's eight numbers.
	expect(statisticOf(summary, ids.mean)).toBe(5);
	expect(statisticOf(summary, ids.stddev)).toBeCloseTo(Math.sqrt(32 / 7), 12);
	expect(statisticOf(summary, ids.min)).toBe(2);
	expect(statisticOf(summary, ids.max)).toBe(9);
	expect(statisticOf(summary, ids.count)).toBe(8);
	expect(statisticOf(summary, ids.last)).toBe(9);
});

test("bad samples are counted and left out, and a window with a doubtful one says so", () => {
	const one = window();
	one.add(
		batchOf(0, [
			{ ms: 100, value: 10 },
			{ ms: 200, value: 1000, quality: Quality.badSensorFault },
		]),
	);
	const { summary } = one.close("press") as { summary: SampleBatch };
	expect(statisticOf(summary, ids.mean)).toBe(10);
	expect(statisticOf(summary, ids.count)).toBe(2);
	expect(summary.quality[[...summary.tags].indexOf(ids.mean)]).toBe(Quality.uncertainDerived);
	expect(summary.quality[[...summary.tags].indexOf(ids.last)]).toBe(Quality.badSensorFault);
});

test("every row counts exactly once, and the same numbers give the same windows however they are cut into batches", () => {
	const rows = fc.array(fc.record({ ms: fc.nat(8000), value: fc.integer({ min: -100, max: 100 }) }), {
		minLength: 1,
		maxLength: 60,
	});
	fc.assert(
		fc.property(rows, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 60 }), (given, cuts) => {
			const whole = window();
			const all = [...whole.add(batchOf(0, given))];
			const end = whole.close("press");
			if (end) all.push(end);
			const cut = window();
			const pieces: typeof all = [];
			for (let at = 0, turn = 0; at < given.length; turn++) {
				const count = cuts[turn] as number;
				pieces.push(...cut.add(batchOf(at, given.slice(at, at + count))));
				at += count;
			}
			const rest = cut.close("press");
			if (rest) pieces.push(rest);
			expect(pieces).toEqual(all);
			expect(all.reduce((sum, { summary }) => sum + (statisticOf(summary, ids.count) ?? 0), 0)).toBe(given.length);
			expect(all.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at))).toEqual(
				given.map((_, at) => at),
			);
			// A summary that begins anew behind what is confirmed goes on as if it had never stopped.
			for (const { last } of all.slice(0, -1)) {
				const again = window(last + 1);
				const tail = [...again.add(batchOf(last + 1, given.slice(last + 1)))];
				const close = again.close("press");
				if (close) tail.push(close);
				expect(tail).toEqual(all.filter(({ first }) => first > last));
			}
		}),
	);
});
