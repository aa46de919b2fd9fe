import { expect, test } from "vitest";
import { createTimeReader, createZone } from "./times.ts";

const iso = (zone = "UTC") => createTimeReader({ form: "iso", zone });
const ns = (text: string, nanos = 0n): bigint => BigInt(Date.parse(text)) * 1_000_000n + nanos;

test.each([
	["2026-01-05T06:00:00Z", ns("2026-01-05T06:00:00Z")],
	["2026-01-05 06:00:00.123456789", ns("2026-01-05T06:00:00Z", 123_456_789n)],
	["2026-01-05 06:00", ns("2026-01-05T06:00:00Z")],
	["2026-01-05T06:00:00,5+01:30", ns("2026-01-05T04:30:00.500Z")],
	["2026-01-05 06:00:00+01", ns("2026-01-05T05:00:00Z")],
	["1969-12-31T23:59:59.5Z", -500_000_000n],
])("reads %s", (text, time) => {
	expect(iso()(text)).toBe(time);
});

test.each(["", "yesterday", "2026-13-05 06:00:00", "2026-02-30T00:00:00Z", "05.01.2026 06:00:00", "12345"])(
	"%s is no ISO time",
	(text) => {
		expect(iso()(text)).toBeUndefined();
	},
);

test("numbers count from 1970 in their unit, without going through a double", () => {
	const read = (form: string, text: string) => createTimeReader({ form, zone: "UTC" })(text);
	expect(read("s", "1767592800.123456789")).toBe(1_767_592_800_123_456_789n);
	expect(read("ms", "1767592800123")).toBe(1_767_592_800_123_000_000n);
	expect(read("ns", "1767592800123456789")).toBe(1_767_592_800_123_456_789n);
	expect(read("us", "-1")).toBe(-1000n);
	expect(read("s", "1e300")).toBeUndefined();
	expect(read("s", "99999999999999999")).toBeUndefined();
});

test("a time without an offset is read in the zone, summer and winter", () => {
	const madrid = iso("Europe/Madrid");
	expect(madrid("2026-01-05 06:00:00")).toBe(ns("2026-01-05T05:00:00Z"));
	expect(madrid("2026-07-05 06:00:00")).toBe(ns("2026-07-05T04:00:00Z"));
	expect(madrid("2026-07-05 06:00:00Z")).toBe(ns("2026-07-05T06:00:00Z"));
});

test("an hour that clocks repeat is its first passing, one they leave out is read as before the change", () => {
	const madrid = iso("Europe/Madrid");
	expect(madrid("2026-10-25 02:30:00")).toBe(ns("2026-10-25T00:30:00Z"));
	expect(madrid("2026-03-29 02:30:00")).toBe(ns("2026-03-29T01:30:00Z"));
	expect(madrid("2026-10-25 03:30:00")).toBe(ns("2026-10-25T02:30:00Z"));
});

test("a zone nobody knows is refused", () => {
	expect(() => createZone("Mars/Olympus")).toThrow(RangeError);
});
