import type { MachineKind } from "../physics/machine.ts";

/** English and Spanish. */
export type Title = readonly [en: string, es: string];

export interface Limits {
	highHigh?: number;
	high?: number;
	low?: number;
	lowLow?: number;
	deadband?: number;
	onDelayMs?: number;
}

/** What a person should know about one tag of a kind of machine; the twin's template, the maps and the OPC UA units come from it. */
export interface TagFact {
	title: Title;
	/** UCUM. */
	unit?: string;
	/** number when left out. */
	kind?: "number" | "integer" | "text";
	range?: readonly [number, number];
	normal?: readonly [number, number];
	limits?: Limits;
	decimals?: number;
	states?: Readonly<Record<string, Title>>;
	overview?: number;
	/** Smallest change worth passing on, in the tag's unit. */
	deadband?: number;
	/** A living sensor is never silent for so long. */
	stuckAfter?: string;
	context?: { setpoint?: string; mode?: string; alarm?: string };
	dataClass?: "public" | "internal" | "confidential" | "restricted";
	/** Computed by the twin; not read from the machine. */
	expression?: string;
}

export interface KindFacts {
	kind: MachineKind;
	title: Title;
	symbol: string;
	state?: string;
	tags: Readonly<Record<string, TagFact>>;
}

export const packMlStates: Readonly<Record<string, Title>> = {
	2: ["Stopped", "Parada"],
	4: ["Idle", "En espera"],
	5: ["Suspended", "Suspendida"],
	6: ["Execute", "En marcha"],
	9: ["Aborted", "Abortada"],
	11: ["Held", "Retenida"],
};

export const stateFact: TagFact = { title: ["State", "Estado"], kind: "integer", states: packMlStates };
