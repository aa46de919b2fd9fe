import type { MachineKind } from "../physics/machine.ts";
import type { Register } from "./register.ts";

/** Each line has one PLC, unit 1; each machine a block of sixty registers in it. Behind a block nothing answers (exception 2). */
export const blockLength = 60;

export const lineTables = {
	cnc: {
		base: 0,
		registers: [
			{ tag: "state", table: "holding", register: 0, type: "uint16" },
			{ tag: "spindle-speed", table: "holding", register: 1, type: "uint16" },
			{ tag: "spindle-load", table: "holding", register: 2, type: "int16", scale: 0.1 },
			{ tag: "feed-rate", table: "holding", register: 3, type: "uint16" },
			{ tag: "vibration", table: "holding", register: 4, type: "float32" },
			{ tag: "coolant-temperature", table: "holding", register: 6, type: "int16", scale: 0.1 },
			{ tag: "coolant-pressure", table: "holding", register: 7, type: "int16", scale: 0.01 },
			{ tag: "motor-power", table: "holding", register: 8, type: "float32" },
			{ tag: "cycle-time", table: "holding", register: 10, type: "uint16", scale: 0.1 },
			{ tag: "good-count", table: "holding", register: 12, type: "uint32" },
			{ tag: "scrap-count", table: "holding", register: 14, type: "uint32" },
		],
	},
	robot: {
		base: 100,
		registers: [
			{ tag: "state", table: "holding", register: 0, type: "uint16" },
			{ tag: "cycle-time", table: "holding", register: 1, type: "uint16", scale: 0.1 },
			{ tag: "axis-torque", table: "holding", register: 2, type: "int16", scale: 0.1 },
			{ tag: "axis-temperature", table: "holding", register: 3, type: "int16", scale: 0.1 },
			{ tag: "grip-pressure", table: "holding", register: 4, type: "int16", scale: 0.01 },
			{ tag: "position-deviation", table: "holding", register: 6, type: "float32" },
			{ tag: "motor-power", table: "holding", register: 8, type: "float32" },
			{ tag: "cycle-count", table: "holding", register: 10, type: "uint32" },
		],
	},
	conveyor: {
		base: 200,
		registers: [
			{ tag: "state", table: "holding", register: 0, type: "uint16" },
			{ tag: "speed", table: "holding", register: 1, type: "uint16", scale: 0.001 },
			{ tag: "speed-reference", table: "holding", register: 2, type: "uint16", scale: 0.001, writable: true },
			{ tag: "motor-current", table: "holding", register: 3, type: "int16", scale: 0.01 },
			{ tag: "motor-temperature", table: "holding", register: 4, type: "int16", scale: 0.1 },
			{ tag: "belt-temperature", table: "holding", register: 5, type: "int16", scale: 0.1 },
			{ tag: "buffer-level", table: "holding", register: 6, type: "uint16" },
			{ tag: "item-count", table: "holding", register: 8, type: "uint32" },
		],
	},
	/** As meters do it: input registers, floats. */
	meter: {
		base: 300,
		registers: [
			{ tag: "active-power", table: "input", register: 0, type: "float32" },
			{ tag: "power-factor", table: "input", register: 2, type: "float32" },
			{ tag: "voltage", table: "input", register: 4, type: "float32" },
			{ tag: "current", table: "input", register: 6, type: "float32" },
			{ tag: "energy", table: "input", register: 8, type: "uint32", scale: 0.1 },
			{ tag: "air-pressure", table: "input", register: 10, type: "float32" },
		],
	},
} satisfies Partial<Record<MachineKind, { base: number; registers: readonly Register[] }>>;

export type LineKind = keyof typeof lineTables;
export const lineKinds = ["cnc", "robot", "conveyor", "meter"] as const satisfies readonly LineKind[];

/** Whether the PLC has such a register at all. */
export function lineHas(table: string, address: number): boolean {
	if (address % 100 >= blockLength) return false;
	return table === "input" ? address >= 300 && address < 400 : table === "holding" && address < 300;
}
