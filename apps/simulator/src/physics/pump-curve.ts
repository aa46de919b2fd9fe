import { gravity, headOf, vapourPressure, waterDensity } from "./water.ts";

/**
 * An end-suction pump of the size NK 40-160 with two poles. The shape is that of the maker's data sheet, rounded:
 * about 33 m at 45 m³/h and 2900 /min. (The state vector printed in the specification, 7.3 bar at 45.2 m³/h and
 * 1495 /min on 8.7 kW, would need more power than it draws; no pump can do that, so its figures are not copied.)
 */
export const nk40160 = {
	ratedSpeed: 2900,
	/** Head at zero flow, m, and its fall with the square of the flow, m/(m³/h)². */
	shutOffHead: 40,
	headFall: 0.00343,
	/** m³/h of best efficiency at rated speed. */
	bestFlow: 45,
	bestEfficiency: 0.72,
	/** NPSH required (3 % head drop): m at zero flow and rise with the square of the flow. */
	npshBase: 1.8,
	npshRise: 0.00089,
	/** Inner diameter of the suction pipe, m (DN 65). */
	suctionBore: 0.066,
} as const;

export interface Wear {
	/** 0 new … 1 worn out. */
	impeller: number;
}

/** Head in m at a flow in m³/h. Affinity: Q ~ n, H ~ n². Wear opens the clearances: less head, steeper. */
export function headAt(flow: number, speed: number, wear: Wear = { impeller: 0 }): number {
	const ratio = speed / nk40160.ratedSpeed;
	return (
		nk40160.shutOffHead * (1 - 0.16 * wear.impeller) * ratio * ratio - nk40160.headFall * (1 + 0.6 * wear.impeller) * flow * flow
	);
}

/** Where the flow stands on the efficiency map: 1 at best efficiency of this speed. */
export const flowRatio = (flow: number, speed: number): number =>
	speed > 1 ? (flow * nk40160.ratedSpeed) / (nk40160.bestFlow * speed) : 0;

/** Hydraulic over shaft power, without bearings. */
export function efficiencyAt(flow: number, speed: number, wear: Wear = { impeller: 0 }): number {
	const x = flowRatio(flow, speed);
	return Math.max(0, nk40160.bestEfficiency * (1 - 0.22 * wear.impeller) * x * (2 - x));
}

/** Shaft power in kW without bearings: Q·Δp/(36·η), in a form that stays finite at no flow. */
export function shaftPowerAt(flow: number, speed: number, differential: number, wear: Wear = { impeller: 0 }): number {
	const x = Math.min(1.9, flowRatio(flow, speed));
	const ratio = speed / nk40160.ratedSpeed;
	return (
		(Math.max(0, differential) * nk40160.bestFlow * ratio) / (36 * nk40160.bestEfficiency * (1 - 0.22 * wear.impeller) * (2 - x))
	);
}

/** NPSH required in m; scales with the square of the speed. */
export function npshRequired(flow: number, speed: number): number {
	const ratio = speed / nk40160.ratedSpeed;
	return nk40160.npshBase * ratio * ratio + nk40160.npshRise * flow * flow;
}

/** NPSH available in m: (p − pv)/(ρ g) + v²/(2 g), p absolute in bar at the suction flange. */
export function npshAvailable(inletPressure: number, flow: number, celsius: number): number {
	const velocity = flow / 3600 / ((Math.PI * nk40160.suctionBore ** 2) / 4);
	return headOf(inletPressure - vapourPressure(celsius), waterDensity(celsius)) + (velocity * velocity) / (2 * gravity);
}

/** Flow in m³/h where the pump meets a system of static head and friction (m/(m³/h)²). */
export function dutyFlow(speed: number, system: { staticHead: number; friction: number }, wear: Wear, headFactor = 1): number {
	const ratio = speed / nk40160.ratedSpeed;
	const drive = nk40160.shutOffHead * (1 - 0.16 * wear.impeller) * ratio * ratio * headFactor - system.staticHead;
	if (drive <= 0) return 0;
	return Math.sqrt(drive / (nk40160.headFall * (1 + 0.6 * wear.impeller) * headFactor + system.friction));
}
