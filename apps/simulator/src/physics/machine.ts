import type { Random } from "./random.ts";
import { createSensor, type Sensor, type SignalSpec } from "./sensor.ts";
import { createWearPart, type WearPart, type WearPartSpec } from "./wear-part.ts";

export type MachineKind = "cnc" | "robot" | "conveyor" | "meter" | "reactor" | "oven" | "pump" | "room" | "palletizer";

/** States of PackML. Source: ISA-TR88.00.02. */
export const packMl = { stopped: 2, idle: 4, suspended: 5, execute: 6, aborted: 9, held: 11 } as const;

/** One machine: physics that step, sensors that read them, parts that wear, set points that people may change. */
export interface Machine {
	readonly name: string;
	/** Asset path: northworks/building-a/line-1/cnc-1. */
	readonly path: string;
	readonly kind: MachineKind;
	readonly sensors: readonly Sensor[];
	readonly parts: readonly WearPart[];
	/** Advances by at most a second or so of plant time. */
	step(seconds: number): void;
	/** Set points by tag name; the value is kept within what the machine accepts. */
	readonly setPoints: ReadonlyMap<string, (value: number) => void>;
	/** Puts back what a failure has tripped; called after its parts have been renewed. */
	restart(): void;
}

export interface MachineDraft {
	name: string;
	path: string;
	kind: MachineKind;
	random: Random;
	parts: readonly WearPartSpec[];
	/** Given the worn parts by name, says how it steps and what can be measured. */
	build(
		part: (name: string) => WearPart,
		random: Random,
	): {
		signals: readonly SignalSpec[];
		step(seconds: number): void;
		setPoints?: Readonly<Record<string, (value: number) => void>>;
		restart?(): void;
	};
}

export function createMachine(draft: MachineDraft): Machine {
	const parts = draft.parts.map((spec) => createWearPart(spec, draft.random.fork(`${draft.name}/part/${spec.name}`)));
	const built = draft.build(
		(name) => {
			const found = parts.find((part) => part.name === name);
			if (!found) throw new Error(`${draft.name} has no part "${name}"`);
			return found;
		},
		draft.random.fork(`${draft.name}/physics`),
	);
	const sensors = built.signals.map((signal) => createSensor(signal, draft.random.fork(`${draft.name}/sensor/${signal.name}`)));
	return {
		name: draft.name,
		path: draft.path,
		kind: draft.kind,
		sensors,
		parts,
		step: built.step,
		setPoints: new Map(Object.entries(built.setPoints ?? {})),
		restart: built.restart ?? (() => {}),
	};
}

export function sensorOf(machine: Machine, name: string): Sensor {
	const sensor = machine.sensors.find((each) => each.name === name);
	if (!sensor) throw new Error(`${machine.name} has no sensor "${name}"`);
	return sensor;
}
