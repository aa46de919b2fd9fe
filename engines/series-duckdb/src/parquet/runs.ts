import { ByteReader, ByteWriter } from "./bytes.ts";

/** Parquet's hybrid of runs and packed bits. Source: Parquet format, Encodings.md, RLE. Widths here are 1 to 16 bits. */

/** Only runs: short where values seldom change. */
export function encodeRuns(values: Uint8Array | Uint16Array, width: number, out = new ByteWriter()): ByteWriter {
	for (let from = 0; from < values.length; ) {
		const value = values[from] as number;
		let until = from + 1;
		while (until < values.length && values[until] === value) until++;
		out.varint((until - from) * 2);
		out.byte(value & 255);
		if (width > 8) out.byte(value >> 8);
		from = until;
	}
	return out;
}

export function countRuns(values: Uint8Array | Uint16Array): number {
	let runs = values.length > 0 ? 1 : 0;
	for (let i = 1; i < values.length; i++) if (values[i] !== values[i - 1]) runs++;
	return runs;
}

/** Whole bytes a value (8 or 16 bits): what zstd compresses best. */
export function encodeWhole(values: Uint8Array | Uint16Array, out = new ByteWriter()): ByteWriter {
	const groups = Math.ceil(values.length / 8);
	const padded = new (values.constructor as Uint16ArrayConstructor)(groups * 8);
	padded.set(values);
	out.varint(groups * 2 + 1);
	out.bytes(new Uint8Array(padded.buffer));
	return out;
}

export function decodeRuns(bytes: Uint8Array, width: number, count: number, at = 0): Uint16Array {
	const from = new ByteReader(bytes, at);
	const values = new Uint16Array(count);
	const wide = width > 8;
	for (let i = 0; i < count; ) {
		const head = from.varint();
		if (head === 0 || from.at > bytes.length) throw new RangeError("a column of runs is not one");
		if (head % 2 === 0) {
			const value = from.byte() | (wide ? from.byte() << 8 : 0);
			const until = Math.min(count, i + head / 2);
			values.fill(value, i, until);
			i = until;
			continue;
		}
		const packed = ((head - 1) / 2) * 8;
		const until = Math.min(count, i + packed);
		if (width === 8) for (; i < until; i++) values[i] = from.byte();
		else if (width === 16) for (; i < until; i++) values[i] = from.byte() | (from.byte() << 8);
		else throw new RangeError(`a column packs ${width} bits`);
	}
	return values;
}
