import { Address, decodeValue } from "@millwright/driver-modbus/server";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lineKinds, lineTables } from "./line-table.ts";
import { palletizerForbidden, palletizerTable } from "./palletizer-table.ts";
import { type Register, readRegister, widthOf, writeRegister } from "./register.ts";

const tables: { name: string; registers: readonly Register[] }[] = [
	...lineKinds.map((kind) => ({ name: kind, registers: lineTables[kind].registers as readonly Register[] })),
	{ name: "palletizer", registers: palletizerTable },
];

test("no two quantities share a register, and none lies in a hole", () => {
	for (const { name, registers } of tables) {
		const used = new Set<string>();
		for (const { table, register, type } of registers)
			for (let i = 0; i < widthOf(type); i++) {
				const at = `${table}:${register + i}`;
				expect(used.has(at), `${name} ${at}`).toBe(false);
				used.add(at);
				if (name === "palletizer") {
					const hole =
						register + i >= palletizerForbidden.start && register + i < palletizerForbidden.start + palletizerForbidden.length;
					expect(hole).toBe(false);
				}
			}
	}
});

test("what is written is what the driver decodes", () => {
	const shapes = tables.flatMap(({ registers }) => [...registers]);
	fc.assert(
		fc.property(fc.constantFrom(...shapes), fc.integer({ min: 0, max: 30_000 }), (register, count) => {
			const { type, scale = 1, order = "ABCD" } = register;
			const value = type === "float32" ? Math.fround(count / 7) : count * scale;
			const words = new Uint16Array(4);
			writeRegister(words, 1, register, value);
			const bytes = new Uint8Array(widthOf(type) * 2);
			for (let i = 0; i < widthOf(type); i++) {
				bytes[i * 2] = (words[1 + i] as number) >> 8;
				bytes[i * 2 + 1] = (words[1 + i] as number) & 0xff;
			}
			const decoded = decodeValue(Address.parse({ table: register.table, register: 1, type, order }), bytes) as number;
			expect(type === "float32" ? decoded : decoded * scale).toBeCloseTo(value, 9);
			expect(readRegister(words, 1, register)).toBeCloseTo(value, 9);
			expect([words[0], words[3]]).toEqual([0, 0]);
		}),
	);
});

test("integers saturate and counters begin again", () => {
	const words = new Uint16Array(2);
	writeRegister(words, 0, { tag: "t", table: "holding", register: 0, type: "int16", scale: 0.1 }, -99_999);
	expect(words[0]).toBe(0x8000);
	writeRegister(words, 0, { tag: "t", table: "holding", register: 0, type: "uint16" }, -3);
	expect(words[0]).toBe(0);
	writeRegister(words, 0, { tag: "t", table: "holding", register: 0, type: "uint32" }, 2 ** 32 + 5);
	expect([words[0], words[1]]).toEqual([0, 5]);
});
