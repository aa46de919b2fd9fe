import { expect, test } from "vitest";
import { decimalsFor, formatBytes, formatDuration, formatMoment, formatTick, formatValue } from "./format.ts";

test("a value is written in the manner of its language", () => {
	expect(formatValue(1234.5, "en", 1)).toBe("1234.5");
	expect(formatValue(12345.5, "en", 1)).toBe("12,345.5");
	expect(formatValue(12345.5, "es", 1)).toBe("12.345,5");
	expect(formatValue(0.25, "es")).toBe("0,25");
});

test("a value without decimals shows about four digits", () => {
	expect(formatValue(87.34567, "en")).toBe("87.35");
	expect(formatValue(0.123456, "en")).toBe("0.1235");
	expect(formatValue(-1.3e-21, "en")).toBe("-1.3E-21");
	expect(formatValue(Number.NaN, "en")).toBe("–");
});

test("decimals follow the width of the scale", () => {
	expect([1, 10, 100, 120, 1000, 8000].map(decimalsFor)).toEqual([3, 2, 1, 1, 0, 0]);
	expect(decimalsFor(0)).toBe(2);
});

test("a length of time uses its largest fitting unit, and a second one while the first is small", () => {
	expect(formatDuration(38, "en")).toBe("38 ms");
	expect(formatDuration(41 * 60_000, "en")).toBe("41 min");
	expect(formatDuration(72 * 60_000, "en")).toBe("1 hr 12 min");
	expect(formatDuration(3 * 86_400_000, "en")).toBe("3 days");
	expect(formatDuration(Number.NaN, "en")).toBe("–");
});

test("a moment of another day carries its date, one of another year its year", () => {
	const now = new Date(2026, 4, 10, 12, 0, 0).getTime();
	expect(formatMoment(now - 60_000, "en", now)).toBe("11:59:00");
	expect(formatMoment(now - 3_600_000, "en", now)).toBe("11:00");
	expect(formatMoment(now - 86_400_000, "en", now)).toBe("May 9, 12:00");
	expect(formatMoment(new Date(2024, 0, 2, 3, 4).getTime(), "en", now)).toContain("2024");
});

test("the ticks of a time axis are as fine as their distance", () => {
	const at = new Date(2026, 4, 10, 12, 34, 56).getTime();
	expect(formatTick(at, "en", 1000)).toBe("12:34:56");
	expect(formatTick(at, "en", 60_000)).toBe("12:34");
	expect(formatTick(at, "en", 86_400_000)).toBe("May 10");
	expect(formatTick(at, "en", 366 * 86_400_000)).toBe("2026");
});

test("bytes are told in the unit that fits", () => {
	expect(formatBytes(412_000_000, "en")).toBe("412 MB");
	expect(formatBytes(999, "en")).toBe("999 byte");
});
