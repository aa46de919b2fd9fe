import { createMachine, type Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import { clamp, relax } from "./relax.ts";
import { vapourPressure } from "./water.ts";

export const reactorPhase = { idle: 0, filling: 1, heating: 2, holding: 3, cooling: 4, draining: 5 } as const;

/** Seconds of the phases that end by time. */
const filling = 300;
const holding = 2700;
const draining = 300;
const pausing = 120;

/** kJ/K of one per cent of level: 20 kg at 4 kJ/(kg K). */
const capacityPerCent = 80;

export interface Reactor extends Machine {
	readonly state: Readonly<ReactorState>;
}

export interface ReactorState {
	phase: number;
	temperature: number;
	setPoint: number;
	jacket: number;
	pressure: number;
	level: number;
	stirrer: number;
	torque: number;
	/** kW into the batch from the jacket; negative while cooling. */
	heat: number;
	/** kW of the reaction. */
	reaction: number;
	/** W/(K) in kW/K of the jacket's wall. */
	transfer: number;
	batch: number;
	automatic: boolean;
}

/** A jacketed batch reactor: fill, heat, hold while it reacts, cool, drain. Its jacket is fed by a pump, whose flow it feels. */
export function createReactor(about: {
	name: string;
	path: string;
	jacketFlow(): number;
	ambient(): number;
	random: Random;
}): Reactor {
	const state: ReactorState = {
		phase: reactorPhase.holding,
		temperature: 87.3,
		setPoint: 87.5,
		jacket: 88.5,
		pressure: 2,
		level: 74,
		stirrer: 120,
		torque: 31,
		heat: 0,
		reaction: 20,
		transfer: 12,
		batch: 2317,
		automatic: true,
	};
	const machine = createMachine({
		...about,
		kind: "reactor",
		parts: [
			{
				name: "jacket",
				fault: "fouling",
				meanLifeHours: 2000,
				onset: 0.3,
				breaks: false,
				affects: ["jacket-temperature", "temperature"],
			},
			{
				name: "stirrer-bearing",
				fault: "bearing-wear",
				meanLifeHours: 9000,
				breaks: true,
				affects: ["stirrer-torque", "stirrer-speed"],
			},
		],
		build(part, random) {
			const wall = part("jacket");
			const bearing = part("stirrer-bearing");
			let inPhase = 400;
			let integral = 1.5;
			let yieldOf = 1;
			let sway = 0;
			const enter = (phase: number): void => {
				state.phase = phase;
				inPhase = 0;
				if (phase === reactorPhase.filling) {
					state.batch++;
					yieldOf = 1 + 0.06 * random.normal();
				}
			};
			return {
				step(seconds) {
					inPhase += seconds;
					const { phase } = state;
					const wet = state.level > 5;
					if (phase === reactorPhase.idle && inPhase > pausing) enter(reactorPhase.filling);
					else if (phase === reactorPhase.filling && inPhase > filling) enter(reactorPhase.heating);
					else if (phase === reactorPhase.heating && state.temperature > state.setPoint - 0.6) enter(reactorPhase.holding);
					else if (phase === reactorPhase.holding && inPhase > holding) enter(reactorPhase.cooling);
					else if (phase === reactorPhase.cooling && state.temperature < 45) enter(reactorPhase.draining);
					else if (phase === reactorPhase.draining && inPhase > draining) enter(reactorPhase.idle);

					if (state.phase === reactorPhase.filling) {
						const added = Math.min(74 - state.level, (74 * seconds) / filling);
						// The feed comes at 52 °C and mixes.
						if (added > 0) state.temperature += ((52 - state.temperature) * added) / Math.max(1, state.level + added);
						state.level += Math.max(0, added);
					} else if (state.phase === reactorPhase.draining) state.level = Math.max(0.5, state.level - (76 * seconds) / draining);

					const controlled = state.automatic && (state.phase === reactorPhase.heating || state.phase === reactorPhase.holding);
					const error = state.setPoint - state.temperature;
					sway = relax(sway, random.normal(), seconds, 90);
					let wanted = about.ambient() + 20;
					if (controlled) {
						if (Math.abs(error) < 3) integral = clamp(integral + (error * seconds) / 240, -20, 20);
						wanted = state.setPoint + 6 * error + integral + 1.2 * sway;
					} else if (state.phase === reactorPhase.cooling) wanted = 28;
					const flow = about.jacketFlow();
					// No flow, no control: the jacket drifts to the room.
					state.jacket = relax(
						state.jacket,
						flow > 2 ? clamp(wanted, 20, 128) : about.ambient(),
						seconds,
						flow > 2 ? (35 * 45) / flow : 5400,
					);
					const stirring = wet && !bearing.failed && state.phase !== reactorPhase.draining;
					state.stirrer = relax(state.stirrer, stirring ? 120 : 0, seconds, 4);
					state.transfer =
						(wet ? 12 : 0.4) * (1 - 0.55 * wall.effect) * (flow / 45) ** 0.6 * (0.35 + 0.65 * (state.stirrer / 120) ** 0.6);
					state.heat = state.transfer * (state.jacket - state.temperature);
					const progress = state.phase === reactorPhase.holding ? inPhase / holding : 1;
					state.reaction = progress < 1 ? 26 * yieldOf * Math.exp(-3 * progress) * Math.exp((state.temperature - 87) / 18) : 0;
					const loss = 0.09 * (state.temperature - about.ambient());
					state.temperature += (seconds * (state.heat + state.reaction - loss)) / (capacityPerCent * Math.max(4, state.level));
					// Inert gas above the liquid, squeezed by the level, and the vapour.
					const gas = (1.05 * (state.temperature + 273.15)) / 293.15 / Math.max(0.2, (100 - 0.45 * state.level) / 100);
					state.pressure = relax(state.pressure, wet ? gas + 0.6 * vapourPressure(state.temperature) : 1.02, seconds, 20);
					const thick =
						state.phase === reactorPhase.holding
							? 1 + 0.7 * Math.min(1, progress)
							: state.phase === reactorPhase.cooling
								? 1.9
								: 1;
					state.torque = relax(
						state.torque,
						state.stirrer < 1 ? 0 : (state.stirrer / 120) * (22 * thick * (state.level / 74) + 3 + 26 * bearing.effect),
						seconds,
						3,
					);
					const hours = seconds / 3600;
					wall.use(state.phase === reactorPhase.holding ? hours : 0.1 * hours);
					bearing.use(state.stirrer > 1 ? hours : 0);
				},
				setPoints: {
					setpoint: (value) => {
						state.setPoint = clamp(value, 20, 120);
					},
				},
				signals: [
					{ name: "temperature", read: () => state.temperature, noise: 0.03, resolution: 0.01, range: [0, 150] },
					{ name: "setpoint", read: () => state.setPoint, resolution: 0.01 },
					{ name: "jacket-temperature", read: () => state.jacket, noise: 0.05, resolution: 0.1, range: [0, 200] },
					{ name: "pressure", read: () => state.pressure, noise: 0.003, resolution: 0.001, range: [0, 10] },
					{ name: "stirrer-speed", read: () => state.stirrer, noise: 0.2, resolution: 0.1, range: [0, 300] },
					{ name: "stirrer-torque", read: () => state.torque, noise: 0.2, resolution: 0.1, range: [0, 200] },
					{ name: "level", read: () => state.level, noise: 0.08, resolution: 0.1, range: [0, 100] },
					{ name: "phase", read: () => state.phase },
					{ name: "batch", read: () => state.batch },
					{
						name: "control-mode",
						read: () => (controlling(state) ? "pid_active" : state.phase === reactorPhase.cooling ? "cooling" : "standby"),
					},
					{ name: "alarm-status", read: () => alarmOf(state) },
				],
			};
		},
	});
	return Object.assign(machine, { state });
}

const controlling = (state: ReactorState): boolean =>
	state.phase === reactorPhase.heating || state.phase === reactorPhase.holding;

function alarmOf(state: ReactorState): string {
	if (state.temperature > state.setPoint + 6 || state.temperature > 98) return "high_temperature";
	if (state.phase === reactorPhase.holding && state.temperature < state.setPoint - 4) return "low_temperature";
	if (state.pressure > 4.5) return "high_pressure";
	return "none";
}
