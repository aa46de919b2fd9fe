import type { Machine } from "../physics/machine.ts";
import type { Sensor } from "../physics/sensor.ts";

export type RegisterType = "uint16" | "int16" | "uint32" | "int32" | "float32";

/** Where a PLC keeps one quantity. */
export interface Register {
	tag: string;
	table: "holding" | "input";
	/** Counted from 0, before the machine's own offset. */
	register: number;
	type: RegisterType;
	/** How the bytes lie, greatest first. */
	order?: "ABCD" | "CDAB";
	/** Value of one count: 0.1 where 873 stands for 87.3. */
	scale?: number;
	writable?: boolean;
}

export const widthOf = (type: RegisterType): number => (type === "uint16" || type === "int16" ? 1 : 2);

const limits: Record<Exclude<RegisterType, "float32">, readonly [number, number]> = {
	uint16: [0, 0xffff],
	int16: [-0x8000, 0x7fff],
	uint32: [0, 0xffff_ffff],
	int32: [-0x8000_0000, 0x7fff_ffff],
};

const scratch = new DataView(new ArrayBuffer(4));

/** Puts a value into its registers; integers saturate as PLCs do, counters begin again at 0 after their last number. */
export function writeRegister(words: Uint16Array, at: number, register: Register, value: number): void {
	const { type, scale = 1, order = "ABCD" } = register;
	if (type === "float32") scratch.setFloat32(0, value);
	else {
		const [low, high] = limits[type];
		let count = scale === 1 ? Math.round(value) : Math.round(value / scale);
		if (type === "uint32" && count > high) count %= high + 1;
		count = Math.min(high, Math.max(low, count));
		if (widthOf(type) === 1) {
			words[at] = count & 0xffff;
			return;
		}
		scratch.setUint32(0, count >>> 0);
	}
	const [first, second] = order === "ABCD" ? [0, 2] : [2, 0];
	words[at] = scratch.getUint16(first);
	words[at + 1] = scratch.getUint16(second);
}

/** The value in registers, in the tag's unit: what a client that knows the table must find. */
export function readRegister(words: Uint16Array, at: number, register: Register): number {
	const { type, scale = 1, order = "ABCD" } = register;
	if (type === "uint16") return (words[at] as number) * scale;
	if (type === "int16") return (((words[at] as number) << 16) >> 16) * scale;
	const [first, second] = order === "ABCD" ? [0, 2] : [2, 0];
	scratch.setUint16(first, words[at] as number);
	scratch.setUint16(second, words[at + 1] as number);
	return type === "float32" ? scratch.getFloat32(0) : (type === "uint32" ? scratch.getUint32(0) : scratch.getInt32(0)) * scale;
}

/** One machine's registers in a PLC, from `base` on. */
export interface Placed {
	machine: Machine;
	base: number;
	table: readonly Register[];
}

export interface Memory {
	holding: Uint16Array;
	input: Uint16Array;
}

/** Copies what the sensors say into the registers; returns the way to do it, with everything looked up once. */
export function bindRegisters(
	memory: Memory,
	placed: readonly Placed[],
): { refresh(): void; written(start: number, length: number): void } {
	const bound = placed.flatMap(({ machine, base, table }) =>
		table.map((register) => {
			const sensor = machine.sensors.find((each) => each.name === register.tag) as Sensor | undefined;
			if (!sensor) throw new Error(`${machine.name} has no sensor "${register.tag}" for its register table`);
			return { machine, sensor, register, words: memory[register.table], at: base + register.register };
		}),
	);
	const setPoints = bound.filter(({ register }) => register.writable);
	return {
		refresh() {
			for (const { sensor, register, words, at } of bound) writeRegister(words, at, register, sensor.value);
		},
		written(start, length) {
			for (const { machine, sensor, register, words, at } of setPoints) {
				if (at + widthOf(register.type) <= start || at >= start + length) continue;
				machine.setPoints.get(register.tag)?.(readRegister(words, at, register));
				// Seen at once by whoever reads it back.
				sensor.sample(0);
				writeRegister(words, at, register, sensor.value);
			}
		},
	};
}
