import { SampleBatchBuilder } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createRowDecoder, createRowEncoder, doubleAt, int16At, int32At, int64At, textAt } from "./copy-format.ts";
import { givenText, storedText } from "./stored-text.ts";

test("any word comes back as it was, and what is stored holds no U+0000", () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom("a", "\0", "0", "\u{10FFFD}", "é", "😀") }), (text) => {
			expect(storedText(text)).not.toContain("\0");
			expect(givenText(storedText(text))).toBe(text);
		}),
	);
});

test("rows are read as they were written, however the bytes are cut", () => {
	const anyRow = fc.record({
		time: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
		value: fc.oneof(fc.double({ noNaN: true }), fc.constant(null), fc.string()),
		tag: fc.nat({ max: 0xffff_ffff }),
		quality: fc.nat({ max: 255 }),
	});
	fc.assert(
		fc.property(
			fc.array(anyRow, { maxLength: 20 }),
			fc.integer({ min: 1, max: 50 }),
			fc.nat({ max: 2 ** 50 }),
			(given, cut, arrival) => {
				const builder = new SampleBatchBuilder();
				for (const { tag, time, value, quality } of given) builder.add(tag, time, value, quality);
				const encoder = createRowEncoder();
				encoder.rows(builder.take({ connection: "c", first: 0 }), 0, given.length, arrival);
				const bytes = Buffer.concat(encoder.take());
				const read: unknown[] = [];
				const decoder = createRowDecoder(6, (fields) => {
					const text = textAt(fields, 5);
					read.push({
						time: int64At(fields, 0),
						arrival: Number(int64At(fields, 1)),
						value: text === undefined ? doubleAt(fields, 2) : givenText(text),
						tag: int32At(fields, 3) >>> 0,
						quality: int16At(fields, 4),
					});
				});
				for (let at = 0; at < bytes.length; at += cut) decoder.add(bytes.subarray(at, at + cut));
				decoder.end();
				expect(read).toEqual(given.map((row, i) => ({ ...row, value: row.value ?? Number.NaN, arrival: arrival + i })));
			},
		),
	);
});

test("rows that stop in the middle are not taken for all", () => {
	const encoder = createRowEncoder();
	encoder.row(1n, 1, 1, 1, 0, undefined);
	const bytes = Buffer.concat(encoder.take());
	const decoder = createRowDecoder(6, () => {});
	decoder.add(bytes.subarray(0, -1));
	expect(() => decoder.end()).toThrow("before their end");
});
