import { aggregateNames, Quality } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { aggregateOne, point, type SeriesKit, second } from "./kit.ts";
import { plainly } from "./plainly.ts";

/** Buckets. */
export function aggregateTests(series: SeriesKit): void {
	test("aggregates good samples per bucket and leaves out buckets without samples", async () => {
		const tag = await series.store([
			point(0, 1),
			point(5, 3),
			point(9, 100, Quality.badSensorFault),
			point(31, 7),
			point(32, "word"),
			point(55, 5, Quality.uncertainRange),
		]);
		expect(
			await aggregateOne(series.engine, tag, ["count", "countGood", "mean", "min", "max", "sum", "stddev", "first", "last"]),
		).toEqual({
			starts: [0, 30, 50],
			count: [3, 2, 1],
			countGood: [2, 2, 0],
			mean: [2, 7, null],
			min: [1, 7, null],
			max: [3, 7, null],
			sum: [4, 7, null],
			stddev: [Math.SQRT2, null, null],
			first: [1, 7, null],
			last: [3, 7, null],
		});
	});

	test("takes the later arrival as the last of two samples at one time", async () => {
		const tag = series.newTag();
		await series.store([point(1, 1), point(2, 2)], tag);
		await series.store([point(2, 20), point(1, 10)], tag);
		expect(await aggregateOne(series.engine, tag, ["first", "last"])).toEqual({ starts: [0], first: [1], last: [20] });
	});

	test("lets a good value hold across borders until the next sample, and a bad one end it", async () => {
		const tag = await series.store([
			point(-100, 4),
			point(5, 10),
			point(25, 20),
			point(28, 0, Quality.badNotConnected),
			point(42, 6),
		]);
		expect(await aggregateOne(series.engine, tag, ["timeWeightedMean", "goodDuration", "count"])).toEqual({
			starts: [0, 10, 20, 40, 50],
			timeWeightedMean: [7, 10, (5 * 10 + 3 * 20) / 8, 6, 6],
			goodDuration: [10e9, 10e9, 8e9, 8e9, 10e9],
			count: [1, 0, 2, 1, 0],
		});
	});

	test("lets nothing hold into a range from a bad sample before it", async () => {
		const tag = await series.store([point(-20, 4), point(-10, 4, Quality.bad), point(15, 1)]);
		expect(await aggregateOne(series.engine, tag, ["goodDuration"], { until: 20 })).toEqual({
			starts: [10],
			goodDuration: [5e9],
		});
	});

	test("begins buckets at 1970 even when the range begins inside one", async () => {
		const tag = await series.store([point(3, 1), point(7, 2), point(12, 3)]);
		expect(await aggregateOne(series.engine, tag, ["count", "goodDuration"], { from: 5, until: 13 })).toEqual({
			starts: [0, 10],
			count: [1, 1],
			goodDuration: [5e9, 3e9],
		});
	});

	test("lets no value hold beyond now", async () => {
		const now = BigInt(Date.now()) * 1_000_000n;
		const tag = await series.store([{ time: now - 10n * second, value: 1, quality: Quality.good }]);
		const hour = 3600n * second;
		const answer = await series.engine.aggregate({
			tags: [tag],
			range: { from: now - hour, until: now + hour },
			bucket: hour,
			functions: ["goodDuration"],
		});
		const total = [...(answer.get(tag)?.columns.goodDuration ?? [])].reduce((sum, ns) => sum + ns, 0);
		expect(total).toBeGreaterThanOrEqual(9e9);
		expect(total).toBeLessThan(600e9);
	});

	test("agrees with a plain calculation on any samples, buckets and ranges", async () => {
		const anyPoint = fc.record({
			at: fc.integer({ min: -50, max: 250 }),
			value: fc.oneof(fc.integer({ min: -100, max: 100 }), fc.constant(null)),
			quality: fc.constantFrom(Quality.good, Quality.good, Quality.good, Quality.bad, Quality.uncertain),
		});
		await fc.assert(
			fc.asyncProperty(
				fc.array(anyPoint, { maxLength: 40 }),
				fc.integer({ min: 0, max: 100 }),
				fc.integer({ min: 1, max: 120 }),
				fc.integer({ min: 1, max: 60 }),
				async (given, from, length, bucket) => {
					const points = given.map(({ at, value, quality }) => point(at, value, quality));
					const tag = await series.store(points);
					const asked = { from, until: from + length, bucket };
					const real = await aggregateOne(series.engine, tag, aggregateNames, asked);
					const plain = plainly(points, asked);
					expect(real.starts).toEqual(plain.starts);
					for (const name of aggregateNames) {
						const column = (real as Record<string, unknown>)[name] as (number | null)[];
						for (const [i, expected] of (plain.columns[name] as (number | null)[]).entries())
							if (expected === null) expect(column[i], name).toBeNull();
							else expect(column[i], `${name} of bucket ${i}`).toBeCloseTo(expected, 6);
					}
				},
			),
			{ numRuns: 40 },
		);
	});
}
