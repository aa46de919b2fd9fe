import { expect, test } from "vitest";
import { combined } from "./combined.ts";

test("buckets become one: extremes of extremes, the mean weighted by counts", () => {
	expect(
		combined({ min: [2, null, -1], max: [5, null, 9], sum: [30, null, 10], countGood: [10, 0, 10], count: [12, 3, 10] }),
	).toEqual({
		min: -1,
		max: 9,
		mean: 2,
		count: 25,
		good: 20,
	});
});

test("without good samples there is no mean", () => {
	expect(combined({ min: [null], max: [null], sum: [null], countGood: [0], count: [4] })).toEqual({
		min: undefined,
		max: undefined,
		mean: undefined,
		count: 4,
		good: 0,
	});
});
