import type { SeriesDay } from "@millwright/core";
import { expect, test } from "vitest";
import { forecastOf } from "./forecast.ts";

const dayNs = 86_400_000_000_000n;
const firstDay = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;
const daysOf = (bytes: readonly number[], tier: SeriesDay["tier"] = "cold"): SeriesDay[] =>
	bytes.map((size, i) => ({ day: firstDay + BigInt(i) * dayNs, rows: size / 2, bytes: size, tier }));
const noon = (day: number): number => Date.UTC(2026, 0, day, 12);

const about = {
	usedBytes: 400,
	budgetBytes: null,
	freeBytes: 9600,
	coldBytesPerSample: undefined,
	longestKeepMs: null,
	nowMs: noon(5),
};

test("neither the first day nor today counts; the rest of the disk lasts as long as days cost", () => {
	expect(forecastOf({ ...about, days: daysOf([1, 100, 100, 100, 7]) })).toMatchObject({
		limit: "disk",
		limitBytes: 10_000,
		bytesPerDay: 100,
		days: { middle: 96 },
		fullAt: noon(5) + 96 * 86_400_000,
		wholeDays: 3,
		steady: false,
	});
});

test("a budget below what the disk holds is the limit; one beyond it is not", () => {
	const days = daysOf([1, 100, 100]);
	expect(forecastOf({ ...about, days, budgetBytes: 500 })).toMatchObject({ limit: "budget", days: { middle: 1 } });
	expect(forecastOf({ ...about, days, budgetBytes: 50_000 })).toMatchObject({ limit: "disk" });
});

test("days still hot count with what they will shrink to", () => {
	const days = daysOf([1000, 1000, 1000, 1000], "hot");
	expect(forecastOf({ ...about, days, coldBytesPerSample: 0.5 }).bytesPerDay).toBe(250);
});

test("a week of days gives the span in which four of five would fill it", () => {
	const { days } = forecastOf({
		...about,
		nowMs: noon(12),
		days: daysOf([1, 50, 100, 100, 100, 100, 100, 100, 100, 100, 200, 3]),
	});
	expect(days?.middle).toBeCloseTo(9600 / 105);
	expect(days?.least).toBe(48);
	expect(days?.most).toBe(96);
});

test("retention that forgets before it is full never fills", () => {
	expect(forecastOf({ ...about, days: daysOf([1, 100, 100]), longestKeepMs: 30 * 86_400_000 })).toMatchObject({ steady: true });
});

test("without a whole day nothing is claimed, and what was brought in is no daily cost", () => {
	const none = forecastOf({ ...about, nowMs: noon(1), days: daysOf([100]) });
	expect(none).toMatchObject({ bytesPerDay: 0, wholeDays: 0 });
	expect(none.days).toBeUndefined();
	expect(forecastOf({ ...about, days: daysOf([9, 9, 9], "brought") }).days).toBeUndefined();
});
