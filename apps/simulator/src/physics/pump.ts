import { createMachine, type Machine, packMl } from "./machine.ts";
import { dutyFlow, flowRatio, headAt, nk40160, npshAvailable, npshRequired, shaftPowerAt } from "./pump-curve.ts";
import type { Random } from "./random.ts";
import { clamp, ramp, relax } from "./relax.ts";
import { pressureOf, waterDensity } from "./water.ts";

export interface PumpLoop {
	/** °C of the liquid pumped. */
	temperature(): number;
	/** bar absolute in the tank it draws from. */
	tankPressure: number;
	system: { staticHead: number; friction: number };
	speedReference: number;
	/** Hours the pump had run when the story begins. */
	runningHours: number;
	/** °C around the motor. */
	ambient(): number;
}

export interface Pump extends Machine {
	/** The true state, for those it is coupled to and for tests. */
	readonly state: Readonly<PumpState>;
}

export interface PumpState {
	speed: number;
	reference: number;
	/** m³/h */
	flow: number;
	/** bar absolute */
	inlet: number;
	outlet: number;
	/** kW at the shaft, and from the mains. */
	shaftPower: number;
	motorPower: number;
	vibration: number;
	bearingTemperature: number;
	efficiency: number;
	/** NPSH available over required. */
	npshMargin: number;
	/** 0 none … 1 fully developed. */
	cavitation: number;
	hours: number;
	starts: number;
	running: boolean;
}

/** A centrifugal pump NK 40-160 on a frequency drive in a loop of its own. */
export function createPump(about: { name: string; path: string; loop: PumpLoop; random: Random }): Pump {
	const { loop } = about;
	const state: PumpState = {
		speed: loop.speedReference,
		reference: loop.speedReference,
		flow: dutyFlow(loop.speedReference, loop.system, { impeller: 0 }),
		inlet: loop.tankPressure,
		outlet: loop.tankPressure,
		shaftPower: 0,
		motorPower: 0,
		vibration: 1,
		bearingTemperature: 46,
		efficiency: 0,
		npshMargin: 3,
		cavitation: 0,
		hours: loop.runningHours,
		starts: 412,
		running: true,
	};
	const machine = createMachine({
		...about,
		kind: "pump",
		parts: [
			{
				name: "bearing",
				fault: "bearing-wear",
				meanLifeHours: 9000,
				breaks: true,
				affects: ["vibration", "bearing-temperature", "shaft-power"],
			},
			{
				name: "impeller",
				fault: "impeller-wear",
				meanLifeHours: 14_000,
				shape: 3,
				onset: 0.3,
				breaks: false,
				affects: ["flow-rate", "outlet-pressure", "shaft-power"],
			},
			{
				name: "strainer",
				fault: "fouling",
				meanLifeHours: 3000,
				onset: 0.3,
				breaks: false,
				affects: ["inlet-pressure", "flow-rate"],
			},
			{
				name: "suction",
				fault: "cavitation",
				meanLifeHours: Number.POSITIVE_INFINITY,
				onset: 0,
				breaks: false,
				affects: ["inlet-pressure", "vibration", "flow-rate", "outlet-pressure"],
			},
		],
		build(part, random) {
			const bearing = part("bearing");
			const impeller = part("impeller");
			const strainer = part("strainer");
			const suction = part("suction");
			/** Bubbles collapse in bursts: slow noise around the mean level. */
			let burst = 0;
			return {
				step(seconds) {
					const hours = seconds / 3600;
					if (bearing.failed) state.running = false;
					state.speed = ramp(state.speed, state.running ? state.reference : 0, 290 * seconds);
					const turning = state.speed > 30;
					const ratio = state.speed / nk40160.ratedSpeed;
					const wear = { impeller: impeller.effect };
					const celsius = loop.temperature();
					const suctionLoss = 0.00004 * (1 + 14 * strainer.effect) * state.flow ** 2 + 0.95 * suction.effect;
					state.inlet = Math.max(0.05, loop.tankPressure - suctionLoss);
					state.npshMargin = turning
						? npshAvailable(state.inlet, state.flow, celsius) / npshRequired(state.flow, state.speed)
						: 9;
					// Bubbles appear below about 1.4 times the 3 % figure, the head collapses well below it.
					const developed = turning ? clamp((1.4 - state.npshMargin) / 0.9, 0, 1) : 0;
					state.cavitation = relax(state.cavitation, developed, seconds, 3);
					const headFactor = 1 - 0.5 * state.cavitation ** 2;
					state.flow = relax(state.flow, turning ? dutyFlow(state.speed, loop.system, wear, headFactor) : 0, seconds, 1.6);
					const density = waterDensity(celsius);
					const head = turning ? Math.max(0, headAt(state.flow, state.speed, wear) * headFactor) : 0;
					const differential = pressureOf(head, density);
					state.outlet = state.inlet + differential;
					// Bearing friction in kW and the losses of churning vapour.
					const friction = turning ? 0.06 * ratio * (1 + 9 * bearing.effect) : 0;
					state.shaftPower = turning
						? shaftPowerAt(state.flow, state.speed, differential, wear) * (1 + 0.25 * state.cavitation) + friction
						: 0;
					state.efficiency = state.shaftPower > 0.01 ? (state.flow * differential) / (36 * state.shaftPower) : 0;
					state.motorPower = state.shaftPower / 0.905 + (turning ? 0.12 : 0.02);
					burst = relax(burst, random.normal(), seconds, 0.7);
					const offBest = turning ? Math.abs(flowRatio(state.flow, state.speed) - 1) : 0;
					const level =
						(1.15 + 0.9 * offBest ** 1.5 + 7.5 * bearing.effect + 1.3 * impeller.effect) * ratio ** 1.6 +
						state.cavitation * (3.4 + 0.9 * burst);
					state.vibration = relax(state.vibration, turning ? level : 0.05, seconds, 0.5);
					const warm = loop.ambient() + (turning ? 21 * ratio ** 1.5 + 48 * bearing.effect + 0.04 * (celsius - 20) : 0);
					state.bearingTemperature = relax(state.bearingTemperature, warm, seconds, 720);
					if (!turning) return;
					state.hours += hours;
					bearing.use(hours, ratio ** 2 * (1 + 3 * state.cavitation + 2 * offBest));
					// Erosion: collapsing bubbles cut metal hundreds of times faster than clean flow.
					impeller.use(hours, 1 + 260 * state.cavitation ** 2);
					strainer.use(hours, state.flow / nk40160.bestFlow);
					suction.use(hours);
				},
				restart() {
					if (!state.running) state.starts++;
					state.running = true;
				},
				setPoints: {
					"speed-reference": (value) => {
						state.reference = clamp(value, 0, 3000);
					},
				},
				signals: [
					{ name: "state", read: () => (bearing.failed ? packMl.aborted : state.speed > 30 ? packMl.execute : packMl.stopped) },
					{ name: "speed", read: () => state.speed, noise: 1.2, resolution: 0.1, range: [0, 3600] },
					{ name: "speed-reference", read: () => state.reference },
					{ name: "inlet-pressure", read: () => state.inlet, noise: 0.004, resolution: 0.001, range: [0, 6] },
					{ name: "outlet-pressure", read: () => state.outlet, noise: 0.012, resolution: 0.001, range: [0, 16] },
					{ name: "flow-rate", read: () => state.flow, noise: 0.12, resolution: 0.01, range: [0, 80] },
					{ name: "temperature", read: loop.temperature, noise: 0.05, resolution: 0.1, range: [0, 150] },
					{ name: "bearing-temperature", read: () => state.bearingTemperature, noise: 0.06, resolution: 0.1, range: [0, 180] },
					{ name: "vibration", read: () => state.vibration, noise: 0.04, resolution: 0.01, range: [0, 25] },
					{ name: "motor-power", read: () => state.motorPower, noise: 0.015, resolution: 0.01, range: [0, 15] },
					{ name: "shaft-power", read: () => state.shaftPower, noise: 0.015, resolution: 0.01, range: [0, 15] },
					{ name: "running-hours", read: () => state.hours, resolution: 0.01 },
					{ name: "start-count", read: () => state.starts },
				],
			};
		},
	});
	return Object.assign(machine, { state });
}
