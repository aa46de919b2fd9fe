import { expect, test } from "vitest";
import { placeOn, scaleOf } from "./analog-scale.ts";

test("the range of a tag is its scale", () => {
	expect(scaleOf({ range: [0, 10], limits: { high: 50 } })).toEqual({ from: 0, to: 10 });
});

test("without a range, limits and normal band make one, which does not go below zero by itself", () => {
	expect(scaleOf({ normal: [2, 4], limits: { high: 6 } })).toEqual({ from: 1, to: 7 });
	expect(scaleOf({ normal: [0, 4], limits: { high: 8 } })).toEqual({ from: 0, to: 10 });
});

test("a tag with neither has no bar", () => {
	expect(scaleOf({})).toBeUndefined();
	expect(scaleOf({ limits: { high: 5 } })).toBeUndefined();
	expect(scaleOf({ range: [3, 3] })).toBeUndefined();
});

test("values beyond the scale stay at its ends", () => {
	expect([-5, 0, 5, 15].map((value) => placeOn({ from: 0, to: 10 }, value))).toEqual([0, 0, 0.5, 1]);
});
