import { MillwrightError, type Span } from "@millwright/core";
import * as z from "zod";

export const Table = z.enum(["holding", "input", "coil", "discrete"]);
export type Table = z.output<typeof Table>;

export const RegisterType = z.enum([
	"int16",
	"uint16",
	"int32",
	"uint32",
	"int64",
	"uint64",
	"float32",
	"float64",
	"bool",
	"bit",
	"string",
	"bcd16",
	"bcd32",
]);
export type RegisterType = z.output<typeof RegisterType>;

/** How the bytes A, B, C, D of a value, greatest first, lie in the registers. Eight-byte values are turned alike. */
export const Order = z.enum(["ABCD", "CDAB", "BADC", "DCBA"]);
export type Order = z.output<typeof Order>;

/** First digit of the notation in which registers are numbered from 1: 40101 is holding register 100. */
const tableOfDigit: Record<number, Table> = { 0: "coil", 1: "discrete", 3: "input", 4: "holding" };
const digitOfTable: Record<Table, number> = { coil: 0, discrete: 1, input: 3, holding: 4 };
export const isBitTable = (table: Table): boolean => table === "coil" || table === "discrete";

/** Table and 0-based register of "40101" (five digits) or "400101" (six); undefined where it is neither. */
export function fromNumber(text: string): { table: Table; register: number } | undefined {
	// Never shorter: 4010 may be a slip for 40010 as well as coil 04010.
	if (!/^\d{5,6}$/.test(text)) return undefined;
	const table = tableOfDigit[Number(text[0])];
	const register = Number(text.slice(1)) - 1;
	return table && register >= 0 && register <= 0xffff ? { table, register } : undefined;
}

/** "40101", or "465536" where five digits do not reach. */
export const toNumber = (table: Table, register: number): string =>
	`${digitOfTable[table]}${String(register + 1).padStart(register + 1 > 9999 ? 5 : 4, "0")}`;

const given = z.strictObject({
	table: Table.optional(),
	register: z.int().min(0).max(0xffff).optional().meta({ description: "Counted from 0, as on the wire" }),
	number: z
		.union([z.int(), z.string()])
		.optional()
		.meta({ description: "As manuals print it, counted from 1: 40101, or 400101. Instead of table and register" }),
	type: RegisterType.optional(),
	order: Order.default("ABCD"),
	bit: z.int().min(0).max(15).optional().meta({ description: "0 is the lowest" }),
	length: z.int().min(1).max(125).optional().meta({ description: "Registers of a string", unit: "registers" }),
});

const oneRegister: RegisterType[] = ["int16", "uint16", "bool", "bit", "bcd16"];

/** Registers (or bits) a value takes. */
export function width(address: { type: RegisterType; length?: number }): number {
	if (address.type === "string") return address.length ?? 1;
	if (oneRegister.includes(address.type)) return 1;
	return address.type === "int64" || address.type === "uint64" || address.type === "float64" ? 4 : 2;
}

export interface Address {
	table: Table;
	/** Counted from 0. */
	register: number;
	type: RegisterType;
	order: Order;
	bit?: number;
	length?: number;
}

export const Address = given.transform((address, context): Address => {
	const fail = (message: string, path: keyof typeof address): never => {
		context.addIssue({ code: "custom", message, path: [path] });
		return z.NEVER;
	};
	if ((address.register === undefined) === (address.number === undefined))
		return fail("Give either register (counted from 0) or number (40101 or 400101)", "register");
	let { table = "holding", register = 0 } = address;
	if (address.number !== undefined) {
		const place = fromNumber(String(address.number));
		if (!place)
			return fail(`${address.number} is not a register number such as 40101, 400101 or "00017" (a coil, in quotes)`, "number");
		if (address.table && address.table !== place.table)
			return fail(`${address.number} lies in the table "${place.table}", not "${address.table}"`, "table");
		({ table, register } = place);
	}
	const type = address.type ?? (isBitTable(table) ? "bool" : address.bit === undefined ? "uint16" : "bit");
	if (isBitTable(table) && type !== "bool") return fail(`Table "${table}" holds single bits; its type is bool`, "type");
	if ((type === "bit") !== (address.bit !== undefined)) return fail('Type "bit" and bit (0 to 15) go together', "bit");
	if ((type === "string") !== (address.length !== undefined))
		return fail('Type "string" and length (in registers) go together', "length");
	if (register + width({ type, length: address.length }) > 0x10000) return fail("The value runs past register 65535", "register");
	return {
		table,
		register,
		type,
		order: address.order,
		...(address.bit === undefined ? {} : { bit: address.bit }),
		...(address.length === undefined ? {} : { length: address.length }),
	};
});

const tableNames: Record<Table, string> = {
	holding: "holding register",
	input: "input register",
	coil: "coil",
	discrete: "discrete input",
};

/** Both notations, because half of all mistakes lie between them: "holding register 40101 (address 100), float32 CDAB". */
export function describe(address: Address): string {
	const place = `${tableNames[address.table]} ${toNumber(address.table, address.register)} (address ${address.register})`;
	if (isBitTable(address.table)) return place;
	if (address.type === "bit")
		return `${place}, bit ${address.bit}${address.order[0] === "A" || address.order === "CDAB" ? "" : ` ${address.order}`}`;
	if (address.type === "string") return `${place}, string of ${address.length} registers ${address.order}`;
	return width(address) === 1 && address.order === "ABCD"
		? `${place}, ${address.type}`
		: `${place}, ${address.type} ${address.order}`;
}

export const span = (address: Address): Span => ({ space: address.table, start: address.register, length: width(address) });

export function checkWritable(address: Address): void {
	if (address.table === "input" || address.table === "discrete")
		throw new MillwrightError("modbus.not-writable", `The table "${address.table}" of a Modbus device can only be read`, {
			kind: "input",
			hint: "Outputs are coils and holding registers.",
			place: describe(address),
		});
}
