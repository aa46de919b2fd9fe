/** Writes Thrift's compact protocol, as far as Parquet's footer needs it. Source: thrift-compact-protocol.md of Apache Thrift. */
export type Field =
	| { id: number; i32: number }
	| { id: number; i64: number }
	| { id: number; text: string }
	| { id: number; flag: boolean }
	| { id: number; struct: readonly Field[] }
	| { id: number; structs: readonly (readonly Field[])[] }
	| { id: number; i32s: readonly number[] }
	| { id: number; texts: readonly string[] };

const types = { true: 1, false: 2, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

export function thriftStruct(fields: readonly Field[]): Buffer {
	const bytes: number[] = [];
	writeStruct(fields, bytes);
	return Buffer.from(bytes);
}

/** Fields in rising order of their ids. */
function writeStruct(fields: readonly Field[], bytes: number[]): void {
	let last = 0;
	for (const field of fields) {
		const head = (type: number) => {
			const delta = field.id - last;
			if (delta >= 1 && delta <= 15) bytes.push((delta << 4) | type);
			else {
				bytes.push(type);
				writeNumber(zigzag(field.id), bytes);
			}
			last = field.id;
		};
		if ("flag" in field) head(field.flag ? types.true : types.false);
		else if ("i32" in field) {
			head(types.i32);
			writeNumber(zigzag(field.i32), bytes);
		} else if ("i64" in field) {
			head(types.i64);
			writeNumber(zigzag(field.i64), bytes);
		} else if ("text" in field) {
			head(types.binary);
			writeText(field.text, bytes);
		} else if ("struct" in field) {
			head(types.struct);
			writeStruct(field.struct, bytes);
		} else {
			head(types.list);
			if ("structs" in field) {
				writeListHead(field.structs.length, types.struct, bytes);
				for (const one of field.structs) writeStruct(one, bytes);
			} else if ("i32s" in field) {
				writeListHead(field.i32s.length, types.i32, bytes);
				for (const one of field.i32s) writeNumber(zigzag(one), bytes);
			} else {
				writeListHead(field.texts.length, types.binary, bytes);
				for (const one of field.texts) writeText(one, bytes);
			}
		}
	}
	bytes.push(0);
}

function writeListHead(length: number, type: number, bytes: number[]): void {
	if (length < 15) bytes.push((length << 4) | type);
	else {
		bytes.push(0xf0 | type);
		writeNumber(length, bytes);
	}
}

function writeText(text: string, bytes: number[]): void {
	const encoded = Buffer.from(text);
	writeNumber(encoded.length, bytes);
	for (const byte of encoded) bytes.push(byte);
}

/** Numbers here are sizes and offsets: never negative, at most 2^52. */
const zigzag = (number: number): number => number * 2;

export function writeNumber(number: number, bytes: number[]): void {
	let rest = number;
	while (rest > 0x7f) {
		bytes.push((rest % 128) | 0x80);
		rest = Math.floor(rest / 128);
	}
	bytes.push(rest);
}
