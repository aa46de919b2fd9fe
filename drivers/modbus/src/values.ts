/** Values from and to the bytes of registers. Pure. */
import { MillwrightError, type Value } from "@millwright/core";
import { type Address, describe, isBitTable, Order, width } from "./address.ts";

/**
 * Bytes in wire order to ABCD… and back (each order is its own inverse).
 * CDAB turns the words round, BADC the bytes of each word, DCBA both. Text keeps its words where they are.
 */
export function reorder(bytes: Uint8Array, order: Order, text = false): Uint8Array {
	const swapBytes = order === "BADC" || order === "DCBA";
	const swapWords = !text && (order === "CDAB" || order === "DCBA");
	const words = bytes.length >> 1;
	const out = new Uint8Array(words * 2);
	for (let word = 0; word < words; word++) {
		const from = (swapWords ? words - 1 - word : word) * 2;
		out[word * 2] = bytes[swapBytes ? from + 1 : from] as number;
		out[word * 2 + 1] = bytes[swapBytes ? from : from + 1] as number;
	}
	return out;
}

/** Binary coded decimal; undefined where a digit is above nine. */
function fromBcd(bytes: Uint8Array): number | undefined {
	let value = 0;
	for (const byte of bytes) {
		if (byte >> 4 > 9 || (byte & 15) > 9) return undefined;
		value = value * 100 + (byte >> 4) * 10 + (byte & 15);
	}
	return value;
}

/** The raw value in the bytes of an address's own span; null where the bytes are no such value. 64-bit integers are bigint. */
export function decode(address: Address, bytes: Uint8Array): Value {
	if (isBitTable(address.table)) return bytes[0] === undefined ? null : bytes[0] !== 0;
	if (bytes.length !== width(address) * 2) return null;
	const ordered = address.order === "ABCD" ? bytes : reorder(bytes, address.order, address.type === "string");
	const view = new DataView(ordered.buffer, ordered.byteOffset, ordered.length);
	switch (address.type) {
		case "int16":
			return view.getInt16(0);
		case "uint16":
			return view.getUint16(0);
		case "int32":
			return view.getInt32(0);
		case "uint32":
			return view.getUint32(0);
		case "int64":
			return view.getBigInt64(0);
		case "uint64":
			return view.getBigUint64(0);
		case "float32":
			return finite(view.getFloat32(0));
		case "float64":
			return finite(view.getFloat64(0));
		case "bool":
			return view.getUint16(0) !== 0;
		case "bit":
			return ((view.getUint16(0) >> (address.bit ?? 0)) & 1) === 1;
		case "bcd16":
		case "bcd32":
			return fromBcd(ordered) ?? null;
		case "string": {
			const end = ordered.indexOf(0);
			return Buffer.from(end < 0 ? ordered : ordered.subarray(0, end))
				.toString("latin1")
				.trimEnd();
		}
	}
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** The same bytes in every order that makes a difference. */
export function orders(address: Address, bytes: Uint8Array): { order: Order; value: Value }[] {
	if (isBitTable(address.table)) return [];
	const distinct: Order[] = width(address) === 1 || address.type === "string" ? ["ABCD", "BADC"] : [...Order.options];
	return distinct.map((order) => ({ order, value: decode({ ...address, order }, bytes) }));
}

const integers: Partial<Record<Address["type"], { min: bigint; max: bigint }>> = {
	int16: { min: -0x8000n, max: 0x7fffn },
	uint16: { min: 0n, max: 0xffffn },
	int32: { min: -0x8000_0000n, max: 0x7fff_ffffn },
	uint32: { min: 0n, max: 0xffff_ffffn },
	int64: { min: -(1n << 63n), max: (1n << 63n) - 1n },
	uint64: { min: 0n, max: (1n << 64n) - 1n },
	bcd16: { min: 0n, max: 9999n },
	bcd32: { min: 0n, max: 99_999_999n },
};

function refuse(address: Address, value: Value, why: string): never {
	throw new MillwrightError(
		"modbus.value-unfit",
		`${typeof value === "string" ? `"${value}"` : value} cannot be written: ${why}`,
		{
			kind: "input",
			place: describe(address),
		},
	);
}

/** Whether a value means on: booleans, 0 and 1. */
export function asBoolean(address: Address, value: Value): boolean {
	if (typeof value === "boolean") return value;
	if (value === 0 || value === 1 || value === 0n || value === 1n) return value === 1 || value === 1n;
	return refuse(address, value, "true or false is due");
}

function asInteger(address: Address, value: Value, { min, max }: { min: bigint; max: bigint }): bigint {
	const text = typeof value === "string" && /^-?\d{1,20}$/.test(value.trim());
	if (typeof value !== "bigint" && !text && !(typeof value === "number" && Number.isInteger(value)))
		return refuse(address, value, "a whole number is due");
	const whole = BigInt(value as bigint | number | string);
	if (whole < min || whole > max) return refuse(address, value, `${address.type} holds ${min} to ${max}`);
	return whole;
}

function toBcd(value: bigint, length: number): Uint8Array {
	const digits = value.toString().padStart(length * 2, "0");
	return Uint8Array.from({ length }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}

/** Register bytes in wire order. Not for single bits. Throws `modbus.value-unfit` rather than wrap or cut. */
export function encode(address: Address, value: Value): Uint8Array {
	const bytes = new Uint8Array(width(address) * 2);
	const view = new DataView(bytes.buffer);
	const range = integers[address.type];
	if (range) {
		const whole = asInteger(address, value, range);
		if (address.type === "bcd16" || address.type === "bcd32") bytes.set(toBcd(whole, bytes.length));
		else if (bytes.length === 2) view.setUint16(0, Number(BigInt.asUintN(16, whole)));
		else if (bytes.length === 4) view.setUint32(0, Number(BigInt.asUintN(32, whole)));
		else view.setBigUint64(0, BigInt.asUintN(64, whole));
	} else if (address.type === "float32" || address.type === "float64") {
		if (typeof value !== "number" || !Number.isFinite(value)) return refuse(address, value, "a number is due");
		if (address.type === "float64") view.setFloat64(0, value);
		else {
			if (!Number.isFinite(Math.fround(value))) return refuse(address, value, "float32 holds up to 3.4e38");
			view.setFloat32(0, value);
		}
	} else if (address.type === "string") {
		if (typeof value !== "string") return refuse(address, value, "text is due");
		if (value.length > bytes.length) return refuse(address, value, `${bytes.length} characters fit`);
		for (const character of value)
			if ((character.codePointAt(0) as number) > 0xff || character === "\0")
				return refuse(address, value, "only Latin characters fit");
		bytes.set(Buffer.from(value, "latin1"));
	} else if (address.type === "bool") {
		view.setUint16(0, asBoolean(address, value) ? 1 : 0);
	} else return refuse(address, value, "single bits are written by mask");
	return reorder(bytes, address.order, address.type === "string");
}
