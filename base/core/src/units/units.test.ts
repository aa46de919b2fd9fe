import fc from "fast-check";
import { expect, test } from "vitest";
import { MillwrightError } from "../errors.ts";
import { atoms, prefixes } from "./atoms.ts";
import { compatible, convert, displayUnit, parseUnit, ucumFrom, unitProblem } from "./index.ts";

const near = (actual: number, expected: number) => expect(actual / expected).toBeCloseTo(1, 9);

test("known conversions come out as other people computed them", () => {
	expect(convert(20, "Cel", "[degF]")).toBeCloseTo(68, 9);
	expect(convert(-40, "[degF]", "Cel")).toBeCloseTo(-40, 9);
	expect(convert(0, "Cel", "K")).toBe(273.15);
	near(convert(1, "bar", "kPa"), 100);
	near(convert(1, "[psi]", "Pa"), 6894.757293168);
	near(convert(3000, "/min", "Hz"), 50);
	near(convert(36, "m3/h", "L/s"), 10);
	near(convert(1, "kW.h", "MJ"), 3.6);
	near(convert(1, "[in_i]/s", "mm/s"), 25.4);
	near(convert(1, "[g]", "m/s2"), 9.80665);
	near(convert(1, "[gal_us]/min", "L/min"), 3.785411784);
	near(convert(1, "[HP]", "W"), 745.69987158227);
	near(convert(1, "V.A", "W"), 1);
	near(convert(1, "Ohm", "V/A"), 1);
	near(convert(5, "%", "1"), 0.05);
	near(convert(2, "10*3/uL", "10*9/L"), 2);
	near(convert(1, "N.m", "J"), 1);
	near(convert(1, "circ/min", "rad/s"), (2 * Math.PI) / 60);
});

test("a temperature inside a product is a difference", () => {
	near(convert(9, "[degF]/min", "Cel/min"), 5);
	near(convert(1, "W/(m2.Cel)", "W/(m2.K)"), 1);
});

test("units of different things do not become one another", () => {
	expect(compatible("bar", "Cel")).toBe(false);
	expect(compatible("kPa", "[psi]")).toBe(true);
	expect(compatible("nonsense", "bar")).toBe(false);
	expect(compatible("[pH]", "1")).toBe(false);
	expect(() => convert(1, "bar", "Cel")).toThrow(MillwrightError);
});

test("what is no unit says why, and what was probably meant", () => {
	for (const good of [
		"Cel",
		"1",
		"%",
		"/min",
		"m3/h",
		"kW.h",
		"[pH]",
		"{count}",
		"bar{gauge}",
		"kg.m/s2",
		"mmol/L",
		"/(h.m2)",
		"10*6/mL",
		"dB",
		"''",
	])
		expect(unitProblem(good), good).toBeUndefined();
	for (const bad of [
		"",
		"°C",
		"Celsius",
		"kmin",
		"m//s",
		"m/",
		"(m",
		"m)",
		"{open",
		"m3/h ",
		"0",
		"m99",
		"a".repeat(65),
		"(".repeat(30),
	])
		expect(unitProblem(bad), bad).toBeTypeOf("string");
	expect(unitProblem("Celsius")).toContain('did you mean "Cel"');
});

test("words of payloads become codes", () => {
	expect(ucumFrom("Celsius")).toBe("Cel");
	expect(ucumFrom("C")).toBe("Cel");
	expect(ucumFrom("°C")).toBe("Cel");
	expect(ucumFrom("RPM")).toBe("/min");
	expect(ucumFrom("bar")).toBe("bar");
	expect(ucumFrom("m³/h")).toBe("m3/h");
	expect(ucumFrom("kWh")).toBe("kW.h");
	expect(ucumFrom("mm/s")).toBe("mm/s");
	expect(ucumFrom("furlongs")).toBeUndefined();
});

test("people read symbols, not codes", () => {
	expect(displayUnit("Cel")).toBe("°C");
	expect(displayUnit("m3/h")).toBe("m³/h");
	expect(displayUnit("/min")).toBe("1/min");
	expect(displayUnit("/min", { rotation: true })).toBe("rpm");
	expect(displayUnit("{rev}/min")).toBe("rpm");
	expect(displayUnit("kW.h")).toBe("kWh");
	expect(displayUnit("m/s2")).toBe("m/s²");
	expect(displayUnit("uS/cm")).toBe("µS/cm");
	expect(displayUnit("[psi]")).toBe("psi");
	expect(displayUnit("1")).toBe("");
	expect(displayUnit("kg.m2.s-2")).toBe("kg·m²·s⁻²");
	expect(displayUnit("bar{gauge}")).toBe("bar");
});

const code = fc
	.array(
		fc.record({
			prefix: fc.constantFrom("", ...prefixes.keys()),
			atom: fc.constantFrom(...[...atoms].filter(([, atom]) => atom.metric).map(([symbol]) => symbol)),
			exponent: fc.constantFrom("", "2", "-1", "3"),
			joint: fc.constantFrom(".", "/"),
		}),
		{ minLength: 1, maxLength: 3 },
	)
	.map((parts) => parts.map(({ prefix, atom, exponent, joint }, i) => `${i ? joint : ""}${prefix}${atom}${exponent}`).join(""));

test("a conversion there and back is where it began, and by way of a third unit it is the same", () => {
	const families = [
		["Cel", "[degF]", "K", "mK", "[degR]"],
		["bar", "Pa", "kPa", "[psi]", "mbar", "atm", "m[H2O]"],
		["m3/h", "L/min", "[gal_us]/min", "L/s", "[cft_i]/min"],
		["mm/s", "m/min", "[in_i]/s", "km/h"],
	];
	const three = fc.constantFrom(...families).chain((family) => fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(...family))));
	fc.assert(
		fc.property(three, fc.double({ min: -1e6, max: 1e6, noNaN: true }), (units, value) => {
			const [a, b, c] = units as [string, string, string];
			const tolerance = 1e-7 * (Math.abs(value) + 1000) * Math.max(1, Math.abs(convert(1, a, c) - convert(0, a, c)));
			expect(Math.abs(convert(convert(value, a, b), b, a) - value)).toBeLessThan(1e-7 * (Math.abs(value) + 1000));
			expect(Math.abs(convert(convert(value, a, b), b, c) - convert(value, a, c))).toBeLessThan(tolerance);
		}),
	);
});

test("every product of metric units is read, and anything else is refused in our own words", () => {
	fc.assert(fc.property(code, (text) => text.length > 64 || Number.isFinite(parseUnit(text).factor)));
	fc.assert(
		fc.property(fc.string({ maxLength: 80 }), (text) => {
			try {
				parseUnit(text);
			} catch (thrown) {
				expect(thrown).toBeInstanceOf(MillwrightError);
			}
			displayUnit(text);
			ucumFrom(text);
		}),
	);
});
