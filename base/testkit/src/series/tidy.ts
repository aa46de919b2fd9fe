import { aggregateNames, Quality, type Value } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { day, hour, numbers, type Point, point, type SeriesKit, second, seriesBatch } from "./kit.ts";

/** 2025-03-01 00:00:00 UTC. */
const spring = 1_740_787_200n * second;

/** The cold form of old days, which no answer shows. */
export function tidyTests(series: SeriesKit): void {
	/** Each test moves on by a month, so that what one tidies is new to it. */
	let months = 0n;
	const newMonth = () => spring + 30n * day * months++;
	const daysOf = async (from: bigint, until: bigint) => series.engine.days({ range: { from, until } });

	test("brings whole days that are over into their cold form, once", async () => {
		const month = newMonth();
		const at = (ns: bigint): Point => ({ time: month + ns, value: 1, quality: Quality.good });
		await series.store([at(0n), at(day - 1n), at(day), at(2n * day)]);
		const rowsBefore = (await series.engine.figures()).rows;
		await series.engine.tidy({ until: month });
		const coldBefore = (await series.engine.figures()).tiers.cold?.rows ?? 0;

		const tidied = await series.engine.tidy({ until: month + 2n * day + hour });
		expect([tidied.days, tidied.rows]).toEqual([2, 3]);
		const { rows, tiers } = await series.engine.figures();
		expect(rows).toBe(rowsBefore);
		expect((tiers.cold?.rows ?? 0) - coldBefore).toBe(3);
		expect((await daysOf(month, month + 3n * day)).map(({ day: of, rows, tier }) => [of - month, rows, tier])).toEqual([
			[0n, 2, "cold"],
			[day, 1, "cold"],
			[2n * day, 1, "hot"],
		]);
		expect(await series.engine.tidy({ until: month + 2n * day + hour })).toMatchObject({ days: 0, rows: 0 });
	});

	test("merges late samples into a day that is cold already", async () => {
		const month = newMonth();
		const tag = series.newTag();
		const at = (s: number, value: number): Point => ({ time: month + BigInt(s) * second, value, quality: Quality.good });
		await series.store([at(1, 1), at(3, 3), at(5, 5)], tag);
		await series.engine.tidy({ until: month + day });
		await series.store([at(4, 4), at(3, 3.5), at(0, 0)], tag);
		const ask = () => series.engine.raw({ tag, range: { from: month, until: month + day }, limit: 100 });
		expect(numbers(await ask())).toEqual([0, 1, 3, 3.5, 4, 5]);
		expect((await daysOf(month, month + day)).map(({ rows, tier }) => [rows, tier]).toSorted()).toEqual([
			[3, "cold"],
			[3, "hot"],
		]);
		await series.engine.tidy({ until: month + day });
		expect(numbers(await ask())).toEqual([0, 1, 3, 3.5, 4, 5]);
		expect((await daysOf(month, month + day)).map(({ rows, tier }) => [rows, tier])).toEqual([[6, "cold"]]);
	});

	test("keeps missing numbers, words, qualities, nanoseconds and times before 1970 through the cold form", async () => {
		const tag = series.newTag();
		const month = newMonth();
		const old = -40n * 365n * day;
		const values: [bigint, Value, number][] = [
			[old + 1n, -0.1, Quality.good],
			[month, "word ✓ that is longer than a few bytes", Quality.goodOverridden],
			[month + 1n, null, Quality.badNotConnected],
			[month + 2n, Number.POSITIVE_INFINITY, Quality.good],
			[month + 3n, -0, Quality.good],
			[month + 4n, 9_007_199_254_740_993n, Quality.uncertainRange],
			[month + 5n, Number.MIN_VALUE, 0xff],
			[month + day - 1n, "", Quality.good],
		];
		await series.store(
			values.map(([time, value, quality]) => ({ time, value, quality })),
			tag,
		);
		const ask = async () => {
			const rows = await series.engine.raw({ tag, range: { from: old, until: month + day }, limit: 100 });
			return { ...rows, texts: new Map(rows.texts) };
		};
		const before = await ask();
		expect([...before.times]).toEqual(values.map(([time]) => time));
		await series.engine.tidy({ until: month + day });
		expect(await ask()).toEqual(before);
		expect([...before.texts.values()]).toEqual(["word ✓ that is longer than a few bytes", "9007199254740993", ""]);
	});

	test("answers every question while days are tidied, each time the same", async () => {
		const month = newMonth();
		const tag = series.newTag();
		const points = Array.from({ length: 3000 }, (_, i) => ({
			time: month + BigInt(i) * 90n * second,
			value: i,
			quality: Quality.good,
		}));
		await series.store(points, tag);
		const range = { from: month, until: month + 4n * day };
		const ask = async () => ({
			rows: numbers(await series.engine.raw({ tag, range, limit: 10_000 })),
			hours: (await series.engine.aggregate({ tags: [tag], range, bucket: hour, functions: ["count", "mean"] })).get(tag),
		});
		const before = await ask();
		expect(before.rows).toEqual(points.map(({ value }) => value));
		let tidying = true;
		const tidied = series.engine.tidy({ until: month + 4n * day }).finally(() => {
			tidying = false;
		});
		do expect(await ask()).toEqual(before);
		while (tidying);
		await tidied;
		expect(await ask()).toEqual(before);
	});

	test("gives the same answers whatever is stored, tidied and reopened in whatever order", { timeout: 120_000 }, async () => {
		const step = fc.oneof(
			{
				weight: 6,
				arbitrary: fc.array(
					fc.record({
						tag: fc.integer({ min: 0, max: 2 }),
						at: fc.integer({ min: 0, max: 4 * 96 - 1 }),
						value: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(null), fc.constant("word"), fc.double({ noNaN: true })),
						quality: fc.constantFrom(Quality.good, Quality.good, Quality.bad, Quality.uncertain),
					}),
					{ minLength: 1, maxLength: 30 },
				),
			},
			{ weight: 3, arbitrary: fc.integer({ min: 0, max: 4 }) },
			{ weight: 1, arbitrary: fc.constant("reopen" as const) },
		);
		const quarter = day / 96n;
		await fc.assert(
			fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), async (steps) => {
				const month = newMonth();
				const tags = [series.newTag(), series.newTag(), series.newTag()];
				const range = { from: month, until: month + 4n * day };
				const model: { tag: number; time: bigint; value: number | string | null; quality: number }[] = [];
				/** Everything the engine says of these tags. */
				const answers = async () => ({
					hours: await series.engine.aggregate({ tags, range, bucket: 5n * hour, functions: aggregateNames }),
					lines: await series.engine.downsample({ tags, range, points: 20 }),
					before: await series.engine.before({ tags, time: month + 2n * day }),
				});
				for (const step of steps) {
					if (step === "reopen") {
						await series.reopen();
						await series.engine.start();
					} else if (typeof step === "number") {
						const before = await answers();
						await series.engine.tidy({ until: month + BigInt(step) * day });
						expect(await answers()).toEqual(before);
					} else {
						const rows = step.map(({ tag, at, value, quality }) => ({
							tag: tags[tag] as number,
							time: month + BigInt(at) * quarter,
							value,
							quality,
						}));
						await series.engine.append(seriesBatch(series.newConnection(), 0, rows));
						model.push(...rows);
					}
					for (const tag of tags) {
						const rows = await series.engine.raw({ tag, range, limit: 1000 });
						const expected = model
							.filter((row) => row.tag === tag)
							.map((row, arrival) => ({ ...row, arrival }))
							.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.arrival - b.arrival));
						expect([...rows.times]).toEqual(expected.map(({ time }) => time));
						expect([...rows.quality]).toEqual(expected.map(({ quality }) => quality));
						expect([...rows.values].map((value, i) => rows.texts?.get(i) ?? (Number.isNaN(value) ? null : value))).toEqual(
							expected.map(({ value }) => value),
						);
					}
				}
			}),
			// A failure is told after a minute of shrinking, not after the test's time is over.
			{ numRuns: 15, interruptAfterTimeLimit: 60_000 },
		);
	});

	test("finds the last sample before a time in any tier", async () => {
		const month = newMonth();
		const tag = series.newTag();
		const at = (days: bigint, value: number): Point => ({ time: month + days * day, value, quality: Quality.good });
		await series.store([at(0n, 1), at(9n, 2)], tag);
		await series.engine.tidy({ until: month + 10n * day });
		await series.store([at(5n, 3)], tag);
		const last = async (days: bigint) => (await series.engine.before({ tags: [tag], time: month + days * day })).get(tag)?.value;
		expect([await last(0n), await last(5n), await last(9n), await last(20n)]).toEqual([undefined, 1, 3, 2]);
	});

	test("takes no day that is not asked for, and none when it is told to stop", async () => {
		const month = newMonth();
		await series.store([point(0, 1), { time: month + hour, value: 1, quality: Quality.good }]);
		await expect(series.engine.tidy({ until: month + day, signal: AbortSignal.abort() })).rejects.toThrow();
		await series.engine.tidy({ until: month + day - 1n });
		expect((await daysOf(month, month + day)).map(({ tier }) => tier)).toEqual(["hot"]);
	});
}
