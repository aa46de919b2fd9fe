import { expect, test } from "vitest";
import { isoFromNanos, nanosFromIso } from "./time.ts";

test.each(["2026-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2025-02-29T12:00:00+01:00", "2026-13-01T00:00:00Z"])(
	"%s is a day no calendar has, and no time",
	(text) => {
		expect(nanosFromIso(text)).toBeUndefined();
	},
);

test("the last days of months are times", () => {
	for (const text of ["2024-02-29T00:00:00.000000001Z", "2026-01-31T23:59:59.999999999Z", "1969-12-31T23:59:59.500000000Z"])
		expect(isoFromNanos(nanosFromIso(text) ?? 0n, 9)).toBe(text);
});
