import { isUnit } from "@millwright/core";
import { expect, test } from "vitest";
import { codeOfUnitId, knownCodes, ucumOfUnitId, unitIdOfCode } from "./units.ts";

test("codes and their numbers are those of OPC UA Part 8", () => {
	// Source: the UNECE list of the OPC Foundation: CEL 4408652, MMT 5066068, RPM 5394509, P1 20529.
	expect(ucumOfUnitId(4_408_652)).toBe("Cel");
	expect(ucumOfUnitId(5_066_068)).toBe("mm");
	expect(ucumOfUnitId(5_394_509)).toBe("/min");
	expect(ucumOfUnitId(20_529)).toBe("%");
	expect(codeOfUnitId(20_529)).toBe("P1");
});

test("every known code survives its number and means a unit that can be converted", () => {
	for (const code of knownCodes) {
		expect(codeOfUnitId(unitIdOfCode(code))).toBe(code);
		const ucum = ucumOfUnitId(unitIdOfCode(code));
		expect(ucum !== undefined && isUnit(ucum), `${code} ${ucum}`).toBe(true);
	}
});

test("what is no code is no unit", () => {
	for (const wrong of [0, -1, 1.5, 0x1000000, Number.NaN, 0x010203]) expect(ucumOfUnitId(wrong)).toBeUndefined();
});
