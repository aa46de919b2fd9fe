import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

/** The same value with its members in another order, all the way down. */
function reversed(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(reversed);
	if (typeof value !== "object" || value === null) return value;
	const other = Object.create(null) as Record<string, unknown>;
	for (const [key, member] of Object.entries(value).reverse()) other[key] = reversed(member);
	return other;
}

test("the text of a JSON value means the same value", () => {
	fc.assert(
		fc.property(fc.jsonValue(), (value) => {
			expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
		}),
	);
});

test("the text does not depend on the order of members, and reading and writing it changes nothing", () => {
	fc.assert(
		fc.property(fc.jsonValue({ depthSize: "large" }), (value) => {
			const text = canonicalJson(value);
			expect(canonicalJson(reversed(value))).toBe(text);
			expect(canonicalJson(JSON.parse(text))).toBe(text);
		}),
	);
});

test("anything a program may hold is written as JSON that reads back to the same text, or refused for its cycle", () => {
	fc.assert(
		fc.property(
			fc.anything({
				withBigInt: true,
				withDate: true,
				withMap: true,
				withTypedArray: true,
				withNullPrototype: true,
				withSparseArray: true,
			}),
			(value) => {
				let text: string;
				try {
					text = canonicalJson(value);
				} catch {
					// An invalid Date cannot be written, and a member called toJSON may be anything.
					return;
				}
				expect(canonicalJson(JSON.parse(text))).toBe(text);
			},
		),
	);
});

test("members are sorted by code units, as RFC 8785 shows", () => {
	// Source: RFC 8785 §3.2.3, the sorting example.
	const given = {
		"\u20ac": "Euro Sign",
		"\r": "Carriage Return",
		"\ufb33": "Hebrew Letter Dalet With Dagesh",
		"1": "One",
		"\u{1f600}": "Emoji: Grinning Face",
		"\u0080": "Control",
		"\u00f6": "Latin Small Letter O With Diaeresis",
	};
	expect(Object.values(JSON.parse(canonicalJson(given)) as object).slice(1)).toEqual([
		"Carriage Return",
		"Control",
		"Latin Small Letter O With Diaeresis",
		"Euro Sign",
		"Emoji: Grinning Face",
		"Hebrew Letter Dalet With Dagesh",
	]);
	// Source: RFC 8785 §3.2.2, the example's numbers and literals.
	const text = '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"literals":[null,true,false]}';
	expect(canonicalJson(JSON.parse(text))).toBe(
		'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}',
	);
});

test("what JSON lacks is written plainly, and depth has a bound", () => {
	expect(
		canonicalJson({ a: undefined, b: 10n, c: Number.NaN, d: new Date(0), e: new Uint8Array(3), f: [undefined], g: -0 }),
	).toBe('{"b":"10","c":null,"d":"1970-01-01T00:00:00.000Z","e":"3 bytes","f":[null],"g":0}');
	let deep: unknown = 1;
	for (let i = 0; i < 100_000; i++) deep = [deep];
	expect(canonicalJson(deep)).toContain("deeper than 64 levels");
});
