import { Quality, type SeriesRows } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { numbers, point, range, type SeriesKit, second, start } from "./kit.ts";

/** Lines for charts. */
export function downsampleTests(series: SeriesKit): void {
	test("hands out all samples when they are no more than the points asked for", async () => {
		const tag = await series.store([point(0, 1), point(1, 2, Quality.bad), point(2, "word")]);
		const rows = (await series.engine.downsample({ tags: [tag], range, points: 3 })).get(tag) as SeriesRows;
		expect(numbers(rows)).toEqual([1, 2, null]);
		expect(rows.texts?.get(2)).toBe("word");
	});

	test("keeps first, last, least and greatest of each column within the points asked for", async () => {
		const points = Array.from({ length: 2000 }, (_, i) => point(i / 10, Math.sin(i / 7) * (i % 13)));
		const tag = await series.store(points);
		const asked = { from: start, until: start + 200n * second };
		const rows = (await series.engine.downsample({ tags: [tag], range: asked, points: 80 })).get(tag) as SeriesRows;
		expect(rows.times.length).toBeLessThanOrEqual(80);
		expect(rows.samples ?? 2000).toBe(2000);
		const kept = new Set([...rows.times].map((time, i) => `${time} ${rows.values[i]}`));
		for (let column = 0; column < 20; column++) {
			const within = points.slice(column * 100, column * 100 + 100);
			const byValue = within.toSorted((a, b) => (a.value as number) - (b.value as number));
			for (const one of [within[0], within.at(-1), byValue[0], byValue.at(-1)])
				expect(kept.has(`${one?.time} ${one?.value}`), `column ${column}`).toBe(true);
		}
		expect([...rows.times]).toEqual([...rows.times].toSorted((a, b) => (a < b ? -1 : 1)));
	});

	test("keeps both sides of every change between good and bad", async () => {
		const bad = (i: number) => (i >= 300 && i < 310) || (i >= 777 && i < 779) || i === 1500;
		const points = Array.from({ length: 2000 }, (_, i) =>
			point(i / 10, bad(i) ? null : i % 50, bad(i) ? Quality.badNotConnected : Quality.good),
		);
		const tag = await series.store(points);
		const asked = { from: start, until: start + 200n * second };
		const rows = (await series.engine.downsample({ tags: [tag], range: asked, points: 60 })).get(tag) as SeriesRows;
		expect(rows.times.length).toBeLessThanOrEqual(60);
		const kept = new Set([...rows.times].map((time) => Math.round(Number(time - start) / 1e8)));
		for (const edge of [299, 300, 309, 310, 776, 777, 778, 779, 1499, 1500, 1501]) expect(kept, `${edge}`).toContain(edge);
	});

	test("shows the same stretches of good and bad as the samples, whatever their pattern", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 12 }),
				fc.integer({ min: 60, max: 120 }),
				async (stretches, budget) => {
					const qualities = stretches.flatMap(([good, count]) =>
						new Array<number>(count).fill(good ? Quality.good : Quality.badStale),
					);
					const points = qualities.map((quality, i) => point(i, (i * 7919) % 101, quality));
					const tag = await series.store(points);
					const asked = { from: start, until: start + BigInt(points.length) * second };
					const rows = (await series.engine.downsample({ tags: [tag], range: asked, points: budget })).get(tag) as SeriesRows;
					const pattern = (codes: Iterable<number>) =>
						[...codes].map((code) => code < 0x40).filter((good, i, all) => good !== all[i - 1]);
					expect(rows.times.length).toBeLessThanOrEqual(budget);
					expect(pattern(rows.quality)).toEqual(pattern(qualities));
					const kept = [...rows.times].map((time) => Number((time - start) / second));
					for (const [i, quality] of qualities.entries())
						if (i > 0 && quality !== qualities[i - 1]) expect(kept).toEqual(expect.arrayContaining([i - 1, i]));
					const good = points.filter(({ quality }) => quality === Quality.good).map(({ value }) => value as number);
					const shown = [...rows.values].filter((_, i) => rows.quality[i] === Quality.good);
					expect(Math.max(...shown)).toBe(Math.max(...good));
					expect(Math.min(...shown)).toBe(Math.min(...good));
				},
			),
			{ numRuns: 40 },
		);
	});

	test("stays within the points even when good and bad change with every sample", async () => {
		const points = Array.from({ length: 3000 }, (_, i) => point(i / 10, i, i % 2 ? Quality.bad : Quality.good));
		const tag = await series.store(points);
		const asked = { from: start, until: start + 300n * second };
		const rows = (await series.engine.downsample({ tags: [tag], range: asked, points: 100 })).get(tag) as SeriesRows;
		expect(rows.times.length).toBeLessThanOrEqual(100);
		expect(rows.times.length).toBeGreaterThan(50);
		expect([...rows.quality].some((code) => code === Quality.bad)).toBe(true);
		expect([...rows.quality].some((code) => code === Quality.good)).toBe(true);
	});

	test("answers many tags at once, each for itself", async () => {
		const a = await series.store([point(1, 1), point(2, 2)]);
		const b = await series.store([point(1, 10)]);
		const rows = await series.engine.downsample({ tags: [a, b], range, points: 10 });
		expect([numbers(rows.get(a) as SeriesRows), numbers(rows.get(b) as SeriesRows)]).toEqual([[1, 2], [10]]);
		const buckets = await series.engine.aggregate({ tags: [b, a], range, bucket: 60n * second, functions: ["sum"] });
		expect([buckets.get(a)?.columns.sum?.[0], buckets.get(b)?.columns.sum?.[0]]).toEqual([3, 10]);
	});
}
