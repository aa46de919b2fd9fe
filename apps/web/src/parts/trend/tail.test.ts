import { expect, test } from "vitest";
import { badStretches, extremesOf, joined, Tail } from "./tail.ts";

test("a tail goes behind the history without repeating what the history has", () => {
	const tail = new Tail();
	for (const at of [10, 20, 30]) tail.add(at, at, 0);
	const line = joined({ times: [5, 20], values: [5, 20], quality: [0, 0] }, tail.line);
	expect(line.times).toEqual([5, 20, 30]);
	tail.coverUntil(20);
	expect(tail.line.times).toEqual([30]);
});

test("late and repeated values do not turn a line back, bad ones become gaps", () => {
	const tail = new Tail();
	tail.add(10, 1, 0);
	tail.add(10, 2, 0);
	tail.add(5, 3, 0);
	tail.add(20, 4, 0x81);
	tail.add(30, "text", 0);
	expect(tail.line).toEqual({ times: [10, 20, 30], values: [1, null, null], quality: [0, 0x81, 0] });
});

test("a page left open keeps a bounded tail with the newest values", () => {
	const tail = new Tail();
	for (let at = 1; at <= 50_000; at++) tail.add(at, at, 0);
	expect(tail.line.times.length).toBeLessThanOrEqual(20_000);
	expect(tail.line.times.at(-1)).toBe(50_000);
	expect(tail.line.values.length).toBe(tail.line.times.length);
});

test("stretches of bad and missing values reach to the next good one, the last to the end", () => {
	const line = { times: [1, 2, 3, 4, 5], values: [1, null, 3, 4, 5], quality: [0, 0, 0, 0x81, 0x81] };
	expect(badStretches(line, 9)).toEqual([
		[2, 3],
		[4, 9],
	]);
	expect(badStretches({ times: [1], values: [1], quality: [0] }, 9)).toEqual([]);
});

test("extremes are those of the window", () => {
	const line = { times: [1, 2, 3], values: [100, -1, 7], quality: [0, 0, 0] };
	expect(extremesOf(line, 2, 3)).toEqual([-1, 7]);
	expect(extremesOf(line, 4, 5)).toBeUndefined();
});
