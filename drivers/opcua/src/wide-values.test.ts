import fc from "fast-check";
import { expect, test } from "vitest";
import { dateOfText, halvesOf, textOfDate, wide } from "./wide-values.ts";

const precise = (text: string, picoseconds: number): Date => Object.assign(new Date(text), { picoseconds });

test("every time of 100 ns survives being text", () => {
	const hundreds = fc.bigInt({ min: -100_000_000_000_000_000n, max: 2_000_000_000_000_000_000n / 10n });
	fc.assert(
		fc.property(hundreds, (time) => {
			const ms = time / 10_000n - (time % 10_000n < 0n ? 1n : 0n);
			const date = Object.assign(new Date(Number(ms)), { picoseconds: Number(time - ms * 10_000n) * 100_000 });
			const text = textOfDate(date);
			const back = dateOfText(text ?? "") as Date & { picoseconds?: number };
			expect([back.getTime(), back.picoseconds ?? 0]).toEqual([date.getTime(), date.picoseconds]);
		}),
	);
});

test("digits below the millisecond are kept, and none are invented", () => {
	expect(textOfDate(precise("2026-01-05T06:00:00.123Z", 456_700_000))).toBe("2026-01-05T06:00:00.1234567Z");
	expect(textOfDate(new Date("2026-01-05T06:00:00Z"))).toBe("2026-01-05T06:00:00.000Z");
	expect(dateOfText("2026-01-05T07:00:00.1234567+01:00")).toEqual(precise("2026-01-05T06:00:00.123Z", 456_700_000));
});

test("times without a zone or finer than what travels are not guessed", () => {
	for (const wrong of ["2026-01-05", "2026-01-05T06:00:00", "2026-01-05T06:00:00.12345678Z", "yesterday", ""])
		expect(dateOfText(wrong), wrong).toBeUndefined();
});

test("the earliest time means none, the latest means for ever, and what is no time is nothing", () => {
	expect(textOfDate(new Date(Date.UTC(1601, 0, 1)))).toBeNull();
	expect(textOfDate(new Date(Number.NaN))).toBeNull();
	expect(textOfDate(new Date(910_692_730_085_477))).toBe("9999-12-31T23:59:59.000Z");
});

test("64-bit integers survive their halves", () => {
	fc.assert(
		fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (whole) => wide(halvesOf(whole), true) === whole),
	);
	fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (whole) => wide(halvesOf(whole), false) === whole));
});
