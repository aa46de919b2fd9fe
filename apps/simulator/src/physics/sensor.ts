import type { Random } from "./random.ts";
import { clamp } from "./relax.ts";

export type SensorFault = "stuck-sensor" | "drift" | "spike";

export interface SignalSpec {
	/** Tag name below the machine: "inlet-pressure". */
	name: string;
	/** The true value now. */
	read(): number | string;
	/** Standard deviation of the sensor's noise, in the tag's unit. 0 for counters and states. */
	noise?: number;
	/** Smallest step of the sensor's converter. */
	resolution?: number;
	/** Measuring range; what lies beyond reads as its end. */
	range?: readonly [number, number];
}

/** What a sensor says: the truth with noise, in steps, within its range, and with whatever is wrong with it. */
export interface Sensor {
	readonly name: string;
	readonly spec: SignalSpec;
	/** NaN for text. */
	readonly value: number;
	readonly text: string | undefined;
	readonly truth: number;
	readonly fault: SensorFault | undefined;
	/** Takes a reading; `seconds` of plant time since the last. */
	sample(seconds: number): void;
	/** Drift reaches severity × 20 % of the range after `hours` of plant time and goes on; spikes are up to severity × 60 %. */
	break(fault: SensorFault, severity: number, hours: number): void;
	mend(): void;
}

export function createSensor(spec: SignalSpec, random: Random): Sensor {
	const { noise = 0, resolution = 0, range } = spec;
	const span = range ? range[1] - range[0] : 1;
	let value = Number.NaN;
	let text: string | undefined;
	let truth = Number.NaN;
	let fault: SensorFault | undefined;
	let severity = 0;
	let drift = 0;
	let driftPerSecond = 0;
	return {
		name: spec.name,
		spec,
		get value() {
			return value;
		},
		get text() {
			return text;
		},
		get truth() {
			return truth;
		},
		get fault() {
			return fault;
		},
		sample(seconds) {
			const now = spec.read();
			if (typeof now === "string") {
				text = now;
				return;
			}
			truth = now;
			if (fault === "stuck-sensor" && !Number.isNaN(value)) return;
			let measured = noise > 0 ? now + noise * random.normal() : now;
			if (fault === "drift") {
				drift += driftPerSecond * seconds;
				measured += drift;
			}
			// About one in six seconds at ten readings a second, like a loose terminal.
			if (fault === "spike" && random.uniform() < 0.016)
				measured += (random.uniform() < 0.5 ? -1 : 1) * severity * span * (0.3 + 0.3 * random.uniform());
			if (range) measured = clamp(measured, range[0], range[1]);
			// Division by the whole number of steps per unit keeps 0.1 steps free of 0.30000000000000004.
			if (resolution > 0)
				measured =
					resolution < 1
						? Math.round(measured / resolution) / Math.round(1 / resolution)
						: Math.round(measured / resolution) * resolution;
			value = measured;
		},
		break(kind, howBad, hours) {
			fault = kind;
			severity = howBad;
			drift = 0;
			driftPerSecond = (howBad * span * 0.2) / Math.max(1, hours * 3600);
		},
		mend() {
			fault = undefined;
			drift = 0;
		},
	};
}
