import { Quality } from "@millwright/core";
import { expect, test } from "vitest";
import { numbers, point, range, type SeriesKit, second, seconds, start } from "./kit.ts";

/** Rows as they were stored. */
export function rawTests(series: SeriesKit): void {
	test("gives back numbers, missing numbers, words, qualities and nanoseconds as they were stored", async () => {
		const time = start + 123_456_789n;
		const tag = await series.store([
			{ time, value: 21.5, quality: Quality.good },
			{ time: time + 1n, value: null, quality: Quality.badNotConnected },
			{ time: time + 2n, value: "RUN’ning ✓ a word longer than twelve bytes", quality: Quality.goodOverridden },
			{ time: time + 3n, value: 9_007_199_254_740_993n, quality: Quality.uncertainRange },
			{ time: time + 4n, value: true, quality: 0xff },
			{ time: time + 5n, value: -0.1 - 0.2, quality: Quality.good },
		]);
		const rows = await series.all(tag);
		expect([...rows.times]).toEqual([0n, 1n, 2n, 3n, 4n, 5n].map((ns) => time + ns));
		expect(numbers(rows)).toEqual([21.5, null, null, null, 1, -0.1 - 0.2]);
		expect([...rows.quality]).toEqual([0x00, 0x81, 0x01, 0x42, 0xff, 0x00]);
		expect([...(rows.texts ?? [])]).toEqual([
			[2, "RUN’ning ✓ a word longer than twelve bytes"],
			[3, "9007199254740993"],
		]);
	});

	test("orders late samples by source time and keeps both of a correction in order of arrival", async () => {
		const tag = series.newTag();
		await series.store([point(10, 1), point(30, 3)], tag);
		await series.store([point(20, 2), point(10, 1.5), point(0, 0)], tag);
		const rows = await series.all(tag);
		expect(seconds(rows)).toEqual([0, 10, 10, 20, 30]);
		expect(numbers(rows)).toEqual([0, 1, 1.5, 2, 3]);
	});

	test("takes the start of a range in and leaves its end out", async () => {
		const tag = await series.store([point(0, 0), point(1, 1), point(2, 2)]);
		const rows = await series.engine.raw({ tag, range: { from: start + second, until: start + 2n * second }, limit: 10 });
		expect(numbers(rows)).toEqual([1]);
	});

	test("drops the newest beyond the limit, or the oldest when asked, and stays in time order", async () => {
		const tag = await series.store([0, 1, 2, 3, 4].map((at) => point(at, at)));
		const oldest = await series.engine.raw({ tag, range, limit: 2 });
		const newest = await series.engine.raw({ tag, range, limit: 2, newestFirst: true });
		expect(numbers(oldest)).toEqual([0, 1]);
		expect(numbers(newest)).toEqual([3, 4]);
		expect([oldest.samples ?? 5, newest.samples ?? 5]).toEqual([5, 5]);
	});

	test("knows nothing of a tag without samples", async () => {
		const tag = series.newTag();
		expect((await series.all(tag)).times.length).toBe(0);
		expect((await series.engine.before({ tags: [tag], time: start })).size).toBe(0);
		const buckets = await series.engine.aggregate({ tags: [tag], range, bucket: second, functions: ["mean", "goodDuration"] });
		expect(buckets.get(tag)?.starts.length ?? 0).toBe(0);
		expect((await series.engine.downsample({ tags: [tag], range, points: 10 })).get(tag)?.times.length ?? 0).toBe(0);
	});

	test("finds the last sample before a time, of several at once the one that came last", async () => {
		const recent = await series.store([point(1, 1), point(2, 2), point(2, 2.5), point(3, 3)]);
		const old = await series.store([{ time: start - 400n * 86_400n * second, value: "IDLE", quality: Quality.uncertain }]);
		const later = await series.store([point(50, 1)]);
		const found = await series.engine.before({ tags: [recent, old, later], time: start + 3n * second });
		expect(found.get(recent)).toEqual({ time: start + 2n * second, value: 2.5, quality: Quality.good });
		expect(found.get(old)).toMatchObject({ text: "IDLE", quality: Quality.uncertain });
		expect(found.has(later)).toBe(false);
	});
}
