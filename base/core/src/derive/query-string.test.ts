import fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { MillwrightError } from "../errors.ts";
import { decodeQuery, encodeQuery } from "./query-string.ts";

const schema = z.object({
	name: z.string(),
	count: z.number().optional(),
	on: z.boolean().optional(),
	tags: z.array(z.string()).optional(),
	numbers: z.array(z.number()).optional(),
});
const failure = (query: string): MillwrightError => {
	try {
		decodeQuery(schema, query, "twin.input-invalid");
	} catch (error) {
		return error as MillwrightError;
	}
	throw new Error("nothing was thrown");
};

test("any flat input comes back as it went", () => {
	const text = fc.string({ unit: "grapheme" });
	const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
	fc.assert(
		fc.property(
			fc.record(
				{ name: text, count: number, on: fc.boolean(), tags: fc.array(text), numbers: fc.array(number) },
				{ requiredKeys: ["name"] },
			),
			(input) => {
				expect(decodeQuery(schema, encodeQuery(schema, input))).toEqual(input);
			},
		),
	);
});

test("undefined fields are left out and lists repeat their key", () => {
	expect(encodeQuery(schema, { name: "a b", count: undefined, tags: ["x", "y/z"] })).toBe("name=a+b&tags=x&tags=y%2Fz");
});

test.each([
	["count=abc", "count"],
	["count=", "count"],
	["count=0x10", "count"],
	["count=Infinity", "count"],
	["on=yes", "on"],
	["numbers=1&numbers=x", "numbers[1]"],
	["name=a&name=b", "name"],
	["colour=red", "colour"],
	["__proto__=1", "__proto__"],
])("%s is refused at %s with what to do", (query, place) => {
	const error = failure(query);
	expect(error).toBeInstanceOf(MillwrightError);
	expect(error).toMatchObject({ code: "twin.input-invalid", kind: "input", place });
	expect(error.hint).toBeTruthy();
});
