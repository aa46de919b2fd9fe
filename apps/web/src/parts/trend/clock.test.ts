import { expect, test } from "vitest";
import { clockFrom, endsOf, moved, windowMs, windows, zoomed } from "./clock.ts";

test("every window offered has a length, each longer than the one before", () => {
	const lengths = windows.map((window) => windowMs(window) ?? 0);
	expect(lengths[0]).toBe(15 * 60_000);
	expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
	expect(new Set(lengths).size).toBe(windows.length);
});

test("an address without or with a senseless range follows the last hour", () => {
	for (const search of [{}, { range: "yesterday" }, { from: 5, until: 5 }, { from: 5 }, { range: "0s" }])
		expect(clockFrom(search)).toMatchObject({ live: true, lengthMs: 3_600_000 });
});

test("two ends stand still, a window follows the present", () => {
	expect(endsOf(clockFrom({ from: 10, until: 20 }), 99_999_999)).toMatchObject({ from: 10, until: 20 });
	expect(endsOf(clockFrom({ range: "15min" }), 10_000_000)).toEqual({ from: 10_000_000 - 900_000, until: 10_000_000 });
});

test("moving keeps the length, zooming keeps the point under the pointer", () => {
	expect(moved({ from: 0, until: 10_000 }, -0.5)).toEqual({ from: -5_000, until: 5_000 });
	expect(zoomed({ from: 0, until: 10_000 }, 0.5, 0)).toEqual({ from: 0, until: 5_000 });
	expect(zoomed({ from: 0, until: 10_000 }, 0.5, 1)).toEqual({ from: 5_000, until: 10_000 });
	const { from, until } = zoomed({ from: 0, until: 10_000 }, 0.000_001);
	expect(until - from).toBe(1000);
});
