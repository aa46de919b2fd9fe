import { expect, test } from "vitest";
import { compileExpression } from "./expressions.ts";

const pump = new Map([
	["flow", "number"],
	["outlet-pressure", "number"],
	["inlet-pressure", "number"],
	["shaft-power", "number"],
	["running", "boolean"],
	["mode", "text"],
] as const);

test("pump efficiency of the sources' pump is computed with whole numbers and doubles mixed", () => {
	const efficiency = compileExpression("flow * (outlet_pressure - inlet_pressure) / (36 * shaft_power)", pump);
	expect(efficiency.inputs).toEqual(["flow", "outlet-pressure", "inlet-pressure", "shaft-power"]);
	// 45.2 m³/h over 7.3 bar is 9.166 kW hydraulic.
	expect(efficiency.evaluate({ flow: 45.2, outlet_pressure: 8.5, inlet_pressure: 1.2, shaft_power: 11.2 })).toBeCloseTo(
		0.8184,
		4,
	);
});

test("truths and texts can be asked, and truths become 0 and 1", () => {
	expect(compileExpression('running && mode == "auto"', pump).evaluate({ running: true, mode: "auto" })).toBe(1);
	expect(compileExpression('running ? "on" : "off"', pump).evaluate({ running: false })).toBe("off");
});

test("a formula without an answer gives NaN instead of stopping the twin", () => {
	expect(compileExpression("sqrt(flow)", pump).evaluate({ flow: -1 })).toBeNaN();
	expect(compileExpression("flow / 0", pump).evaluate({ flow: 0 })).toBeNaN();
});

test("unknown names, wrong types and endless text are refused with the names that exist", () => {
	expect(() => compileExpression("flwo * 2", pump)).toThrow(/flwo/);
	expect(() => compileExpression("mode * 2", pump)).toThrow(/twin|mode/);
	expect(() => compileExpression("1 + 1", pump)).toThrow("reads no tag");
	expect(() => compileExpression(`flow + ${"1 + ".repeat(2000)}1`, pump)).toThrow("2,000");
	expect(() => compileExpression(`flow + ${"(".repeat(300)}1${")".repeat(300)}`, pump)).toThrow();
});

test("nothing outside the asset can be reached", () => {
	for (const source of ["process.exit(1)", "this", "flow.constructor.constructor('return 1')()", "globalThis.flow"])
		expect(() => compileExpression(source, pump)).toThrow();
});
