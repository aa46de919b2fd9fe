import { aggregateNames } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { dayNs, dayOf } from "../parquet/rows.ts";
import { createBuckets } from "./buckets.ts";

const floorTo = (time: bigint, step: bigint) => time - (((time % step) + step) % step);

/** Bucket by bucket with bigints, a sample's hold at a time. */
function plainly(rows: readonly { time: bigint; good: boolean }[], until: bigint, bucket: bigint) {
	const found = new Map<bigint, { count: number; good: bigint }>();
	const at = (time: bigint) => {
		const start = floorTo(time, bucket);
		const known = found.get(start) ?? { count: 0, good: 0n };
		found.set(start, known);
		return known;
	};
	for (const [i, { time, good }] of rows.entries()) {
		at(time).count++;
		const end = rows[i + 1]?.time ?? until;
		for (let held = time; good && held < end; ) {
			const border = floorTo(held, bucket) + bucket;
			const next = [border, end].toSorted((a, b) => (a < b ? -1 : 1))[0] as bigint;
			at(held).good += next - held;
			held = next;
		}
	}
	return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([start, { count, good }]) => [start, count, Number(good)]);
}

test("finds every bucket exactly, over gaps of years and for buckets of any length", () => {
	const anyRows = fc.array(
		fc.record({
			// Years, days, and single nanoseconds apart.
			time: fc.oneof(
				fc.bigInt({ min: -400n * dayNs, max: 400n * dayNs }),
				fc.integer({ min: -3, max: 3 }).map((days) => BigInt(days) * dayNs),
				fc.integer({ min: -3, max: 3 }).map((ns) => BigInt(ns)),
			),
			good: fc.boolean(),
		}),
		{ maxLength: 20 },
	);
	const anyBucket = fc.oneof(
		fc.constantFrom(dayNs, dayNs * 7n, dayNs * 30n, 3_600_000_000_000n * 36n, dayNs * 365n),
		fc.bigInt({ min: dayNs / 3n, max: dayNs * 100n }),
	);
	fc.assert(
		fc.property(anyRows, anyBucket, (given, bucket) => {
			const rows = given.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
			const from = -401n * dayNs;
			const until = 401n * dayNs + 7n;
			const buckets = createBuckets({
				tag: 1,
				from,
				until,
				bucket,
				holdUntil: until,
				functions: ["count", "goodDuration"],
				carried: undefined,
			});
			for (const { time, good } of rows)
				buckets.add({
					day: dayOf(time),
					offsets: Float64Array.of(Number(time - dayOf(time))),
					values: Float64Array.of(1),
					quality: Uint8Array.of(good ? 0 : 0x80),
					texts: undefined,
				});
			const { starts, columns } = buckets.take();
			const found = [...starts].map((start, i) => [start, columns.count?.[i], columns.goodDuration?.[i]]);
			const expected = plainly(rows, until, bucket);
			expect(found.map(([start, count]) => [start, count])).toEqual(expected.map(([start, count]) => [start, count]));
			for (const [i, row] of found.entries()) expect(row[2]).toBeCloseTo(expected[i]?.[2] as number, -2);
		}),
		{ numRuns: 300 },
	);
});

test("gives the same last digit however the rows are cut into runs", () => {
	const anyRow = fc.record({
		offset: fc.integer({ min: 0, max: 50 }),
		value: fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
		quality: fc.constantFrom(0, 0, 0, 0x80),
	});
	fc.assert(
		fc.property(fc.array(anyRow, { maxLength: 40 }), fc.array(fc.nat({ max: 40 })), (given, cuts) => {
			const rows = given.toSorted((a, b) => a.offset - b.offset);
			const filled = (borders: readonly number[]) => {
				const buckets = createBuckets({
					tag: 1,
					from: 0n,
					until: 60n,
					bucket: 7n,
					holdUntil: 45n,
					functions: aggregateNames,
					carried: { value: 0.1, quality: 0 },
				});
				for (const [i, border] of borders.entries()) {
					const run = rows.slice(border, borders[i + 1] ?? rows.length);
					buckets.add({
						day: 0n,
						offsets: Float64Array.from(run, ({ offset }) => offset),
						values: Float64Array.from(run, ({ value }) => value),
						quality: Uint8Array.from(run, ({ quality }) => quality),
						texts: undefined,
					});
				}
				return buckets.take();
			};
			expect(filled([0, ...cuts.filter((cut) => cut <= rows.length).sort((a, b) => a - b)])).toEqual(filled([0]));
		}),
		{ numRuns: 500 },
	);
});
