import fc from "fast-check";
import { expect, test } from "vitest";
import { dutyFlow, efficiencyAt, headAt, nk40160, npshAvailable, npshRequired, shaftPowerAt } from "./pump-curve.ts";
import { pressureOf, vapourPressure, waterDensity } from "./water.ts";

test("the curve goes through the maker's duty point", () => {
	expect(headAt(45, 2900)).toBeCloseTo(33.05, 1);
	expect(efficiencyAt(45, 2900)).toBeCloseTo(0.72, 3);
});

test("affinity holds: flow with the speed, head with its square, power with its cube", () => {
	fc.assert(
		fc.property(fc.double({ min: 5, max: 80, noNaN: true }), fc.double({ min: 0.3, max: 1.2, noNaN: true }), (flow, ratio) => {
			const speed = nk40160.ratedSpeed * ratio;
			const full = headAt(flow, nk40160.ratedSpeed);
			expect(headAt(flow * ratio, speed)).toBeCloseTo(full * ratio ** 2, 6);
			expect(efficiencyAt(flow * ratio, speed)).toBeCloseTo(efficiencyAt(flow, nk40160.ratedSpeed), 9);
			const differential = pressureOf(Math.max(0, full), 1000);
			expect(shaftPowerAt(flow * ratio, speed, differential * ratio ** 2)).toBeCloseTo(
				shaftPowerAt(flow, nk40160.ratedSpeed, differential) * ratio ** 3,
				6,
			);
			expect(npshRequired(flow * ratio, speed)).toBeCloseTo(npshRequired(flow, nk40160.ratedSpeed) * ratio ** 2, 9);
		}),
	);
});

test("shaft power times efficiency is the hydraulic power Q·Δp/36", () => {
	const differential = pressureOf(headAt(38, 2800), 982);
	expect(shaftPowerAt(38, 2800, differential) * efficiencyAt(38, 2800)).toBeCloseTo((38 * differential) / 36, 9);
});

test("shaft power stays finite at no flow", () => {
	expect(shaftPowerAt(0, 2900, 3.9)).toBeGreaterThan(1);
	expect(shaftPowerAt(0, 0, 0)).toBe(0);
});

test("available NPSH falls with the inlet pressure and with hotter water", () => {
	fc.assert(
		fc.property(fc.double({ min: 0.2, max: 3, noNaN: true }), fc.double({ min: 10, max: 120, noNaN: true }), (inlet, celsius) => {
			expect(npshAvailable(inlet - 0.1, 40, celsius)).toBeLessThan(npshAvailable(inlet, 40, celsius));
			expect(npshAvailable(inlet, 40, celsius + 5)).toBeLessThan(npshAvailable(inlet, 40, celsius));
		}),
	);
});

test("efficiency, head and duty flow fall as the impeller wears", () => {
	const system = { staticHead: 4, friction: 0.0143 };
	for (let impeller = 0.1; impeller <= 1; impeller += 0.1) {
		const less = { impeller: impeller - 0.1 };
		expect(efficiencyAt(40, 2900, { impeller })).toBeLessThan(efficiencyAt(40, 2900, less));
		expect(headAt(40, 2900, { impeller })).toBeLessThan(headAt(40, 2900, less));
		expect(dutyFlow(2900, system, { impeller })).toBeLessThan(dutyFlow(2900, system, less));
	}
});

test("the duty point lies on both curves", () => {
	const system = { staticHead: 6, friction: 0.012 };
	const flow = dutyFlow(2500, system, { impeller: 0.3 });
	expect(headAt(flow, 2500, { impeller: 0.3 })).toBeCloseTo(system.staticHead + system.friction * flow * flow, 9);
	expect(dutyFlow(600, system, { impeller: 0 })).toBe(0);
});

test("water boils at 100 °C under one atmosphere and weighs what the tables say", () => {
	expect(vapourPressure(100)).toBeCloseTo(1.013, 2);
	expect(vapourPressure(20)).toBeCloseTo(0.0234, 3);
	expect(waterDensity(20)).toBeCloseTo(998.2, 0);
	expect(waterDensity(90)).toBeCloseTo(965.3, -0.5);
});
