import { MillwrightError } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Address, describe, fromNumber, Order, toNumber } from "./address.ts";
import { decode, encode, orders, reorder } from "./values.ts";

const order = fc.constantFrom(...Order.options);
const address = (given: Record<string, unknown>): Address => Address.parse({ register: 100, ...given });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("every value survives its registers in every order", () => {
	const cases: [string, fc.Arbitrary<number | bigint | boolean>][] = [
		["int16", fc.integer({ min: -0x8000, max: 0x7fff })],
		["uint16", fc.integer({ min: 0, max: 0xffff })],
		["int32", fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })],
		["uint32", fc.integer({ min: 0, max: 0xffff_ffff })],
		["int64", fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })],
		["uint64", fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })],
		["float32", fc.float({ noNaN: true, noDefaultInfinity: true })],
		["float64", fc.double({ noNaN: true, noDefaultInfinity: true })],
		["bool", fc.boolean()],
		["bcd16", fc.integer({ min: 0, max: 9999 })],
		["bcd32", fc.integer({ min: 0, max: 99_999_999 })],
	];
	for (const [type, values] of cases)
		fc.assert(
			fc.property(values, order, (value, inOrder) => {
				const place = address({ type, order: inOrder });
				expect(decode(place, encode(place, value))).toBe(value);
			}),
		);
});

test("text survives its registers, and ends at the first NUL", () => {
	fc.assert(
		fc.property(fc.stringMatching(/^[!-~]{0,20}$/), order, (text, inOrder) => {
			const place = address({ type: "string", length: 10, order: inOrder });
			expect(decode(place, encode(place, text))).toBe(text);
		}),
	);
	expect(decode(address({ type: "string", length: 3 }), Buffer.from("AB\0CDE", "latin1"))).toBe("AB");
	expect(decode(address({ type: "string", length: 2, order: "BADC" }), Buffer.from("BADC", "latin1"))).toBe("ABCD");
});

test("the four orders are those of the manuals", () => {
	// 123456.0 as IEEE 754: 47 F1 20 00.
	const wire = { ABCD: "47f12000", CDAB: "200047f1", BADC: "f1470020", DCBA: "0020f147" };
	for (const [name, bytes] of Object.entries(wire)) {
		expect(hex(encode(address({ type: "float32", order: name }), 123_456))).toBe(bytes);
		expect(decode(address({ type: "float32", order: name }), Buffer.from(bytes, "hex"))).toBe(123_456);
	}
	expect(hex(reorder(Buffer.from("0102030405060708", "hex"), "CDAB"))).toBe("0708050603040102");
	expect(hex(reorder(Buffer.from("0102030405060708", "hex"), "DCBA"))).toBe("0807060504030201");
});

test("an order undoes itself", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), order, (bytes, inOrder) => {
			expect(reorder(reorder(bytes, inOrder), inOrder)).toEqual(bytes);
		}),
	);
});

test("the preview shows the same bytes in every order that makes a difference", () => {
	const bytes = Buffer.from("47f12000", "hex");
	const shown = orders(address({ type: "float32", order: "CDAB" }), bytes);
	expect(shown.map(({ order: name }) => name)).toEqual(["ABCD", "CDAB", "BADC", "DCBA"]);
	expect(shown[0]).toEqual({ order: "ABCD", value: 123_456 });
	expect(orders(address({ type: "uint16" }), Uint8Array.of(1, 2))).toEqual([
		{ order: "ABCD", value: 258 },
		{ order: "BADC", value: 513 },
	]);
	expect(orders(address({ table: "coil" }), Uint8Array.of(1))).toEqual([]);
});

test("bytes that are no such value read as nothing", () => {
	expect(decode(address({ type: "float32" }), Buffer.from("7fc00000", "hex"))).toBeNull();
	expect(decode(address({ type: "bcd16" }), Uint8Array.of(0x1a, 0))).toBeNull();
	expect(decode(address({ type: "uint32" }), Uint8Array.of(1, 2))).toBeNull();
});

test("values that do not fit are refused, not wrapped", () => {
	const unfit: [Record<string, unknown>, number | string | boolean | bigint | null][] = [
		[{ type: "int16" }, 32_768],
		[{ type: "uint16" }, -1],
		[{ type: "uint16" }, 1.5],
		[{ type: "uint16" }, Number.NaN],
		[{ type: "uint16" }, "twelve"],
		[{ type: "uint16" }, null],
		[{ type: "uint64" }, 1n << 64n],
		[{ type: "float32" }, 1e39],
		[{ type: "float32" }, "1"],
		[{ type: "bool" }, 2],
		[{ type: "string", length: 1 }, "ABC"],
		[{ type: "string", length: 9 }, "日本"],
		[{ type: "bcd16" }, 10_000],
	];
	for (const [given, value] of unfit)
		expect(() => encode(address(given), value), `${given.type} ${value}`).toThrow(MillwrightError);
});

test("both notations name the same register", () => {
	expect(fromNumber("40101")).toEqual({ table: "holding", register: 100 });
	expect(fromNumber("400101")).toEqual({ table: "holding", register: 100 });
	expect(fromNumber("465536")).toEqual({ table: "holding", register: 65_535 });
	expect(fromNumber("10001")).toEqual({ table: "discrete", register: 0 });
	expect(fromNumber("00017")).toEqual({ table: "coil", register: 16 });
	for (const wrong of ["40000", "400000", "465537", "20001", "4010", "17", "0", "-1", "4x001"])
		expect(fromNumber(wrong), wrong).toBeUndefined();
	fc.assert(
		fc.property(
			fc.constantFrom("holding", "input", "coil", "discrete"),
			fc.integer({ min: 0, max: 65_535 }),
			(table, register) => {
				expect(fromNumber(toNumber(table as Address["table"], register))).toEqual({ table, register });
			},
		),
	);
});

test("an address is described in both notations", () => {
	expect(describe(Address.parse({ number: 40_101, type: "float32", order: "CDAB" }))).toBe(
		"holding register 40101 (address 100), float32 CDAB",
	);
	expect(describe(address({ table: "coil" }))).toBe("coil 00101 (address 100)");
	expect(describe(address({ bit: 3 }))).toBe("holding register 40101 (address 100), bit 3");
	expect(describe(address({ table: "input", register: 12_000 }))).toBe("input register 312001 (address 12000), uint16");
	expect(describe(address({ type: "string", length: 8 }))).toBe(
		"holding register 40101 (address 100), string of 8 registers ABCD",
	);
});
