import { type ByteReader, ByteWriter } from "./bytes.ts";

/** What Parquet's headers and footer are made of. Source: Apache Thrift, compact protocol; Parquet format, parquet.thrift. */
export type ThriftValue =
	| { kind: "i32"; value: number }
	| { kind: "i64"; value: number }
	| { kind: "bool"; value: boolean }
	| { kind: "binary"; value: Uint8Array | string }
	| { kind: "list"; of: "i32" | "binary" | "struct"; values: readonly ThriftValue[] }
	| { kind: "struct"; fields: ThriftFields };
/** By field id, ascending; what is undefined is left out. */
export type ThriftFields = Readonly<Record<number, ThriftValue | undefined>>;

export const i32 = (value: number): ThriftValue => ({ kind: "i32", value });
export const i64 = (value: number): ThriftValue => ({ kind: "i64", value });
export const bool = (value: boolean): ThriftValue => ({ kind: "bool", value });
export const binary = (value: Uint8Array | string): ThriftValue => ({ kind: "binary", value });
export const list = (of: "i32" | "binary" | "struct", values: readonly ThriftValue[]): ThriftValue => ({
	kind: "list",
	of,
	values,
});
export const struct = (fields: ThriftFields): ThriftValue => ({ kind: "struct", fields });

const codes = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;
const codeOf = (value: ThriftValue) => (value.kind === "bool" ? (value.value ? 1 : 2) : codes[value.kind]);

export function encodeStruct(fields: ThriftFields, out = new ByteWriter()): ByteWriter {
	let last = 0;
	for (const [key, value] of Object.entries(fields)) {
		if (!value) continue;
		const id = Number(key);
		if (id - last <= 15) out.byte(((id - last) << 4) | codeOf(value));
		else {
			out.byte(codeOf(value));
			out.zigzag(id);
		}
		last = id;
		if (value.kind !== "bool") encodeValue(value, out);
	}
	out.byte(0);
	return out;
}

function encodeValue(value: Exclude<ThriftValue, { kind: "bool" }> | ThriftValue, out: ByteWriter): void {
	switch (value.kind) {
		case "i32":
		case "i64":
			out.zigzag(value.value);
			break;
		case "binary": {
			const bytes = typeof value.value === "string" ? Buffer.from(value.value) : value.value;
			out.varint(bytes.length);
			out.bytes(bytes);
			break;
		}
		case "list":
			if (value.values.length < 15) out.byte((value.values.length << 4) | codes[value.of]);
			else {
				out.byte(0xf0 | codes[value.of]);
				out.varint(value.values.length);
			}
			for (const one of value.values) encodeValue(one, out);
			break;
		case "struct":
			encodeStruct(value.fields, out);
			break;
		case "bool":
			out.byte(value.value ? 1 : 2);
			break;
	}
}

/** Whole numbers and flags by field id, structs within as records of their own; enough for a page's header. */
export interface NumbersById {
	[id: number]: number | NumbersById;
}

export function decodeNumbers(from: ByteReader): NumbersById {
	const found: NumbersById = {};
	let last = 0;
	for (;;) {
		const head = from.byte();
		if (head === 0) return found;
		const id = head >> 4 === 0 ? from.zigzag() : last + (head >> 4);
		last = id;
		switch (head & 15) {
			case 1:
			case 2:
				found[id] = (head & 15) === 1 ? 1 : 0;
				break;
			case 4:
			case 5:
			case 6:
				found[id] = from.zigzag();
				break;
			case 8:
				from.at += from.varint();
				break;
			case 12:
				found[id] = decodeNumbers(from);
				break;
			default:
				throw new RangeError(`a page's header holds a field of type ${head & 15}`);
		}
	}
}
