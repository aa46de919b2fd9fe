import { ByteReader, ByteWriter } from "./bytes.ts";

/**
 * Parquet's DELTA_BINARY_PACKED for times within a day. Values are ns since `base` as doubles (exact below 2^53); on
 * disk they stand as whole INT64. Source: Parquet format, Encodings.md.
 */
const perBlock = 1024;
const perMini = 128;
const minis = perBlock / perMini;
const two32 = 2 ** 32;

export function encodeDelta(offsets: Float64Array, base: bigint): Buffer {
	const out = new ByteWriter(64 + offsets.length * 2);
	out.varint(perBlock);
	out.varint(minis);
	out.varint(offsets.length);
	out.zigzagBigint(base + BigInt(offsets[0] ?? 0));
	const widths = new Uint8Array(minis);
	for (let from = 1; from < offsets.length; from += perBlock) {
		const until = Math.min(from + perBlock, offsets.length);
		let least = Number.POSITIVE_INFINITY;
		for (let i = from; i < until; i++) least = Math.min(least, (offsets[i] as number) - (offsets[i - 1] as number));
		out.zigzag(least);
		widths.fill(0);
		for (let mini = 0, at = from; at < until; mini++, at += perMini) {
			let greatest = 0;
			for (let i = at; i < Math.min(at + perMini, until); i++)
				greatest = Math.max(greatest, (offsets[i] as number) - (offsets[i - 1] as number) - least);
			widths[mini] = bitsOf(greatest);
		}
		out.bytes(widths);
		for (let mini = 0, at = from; at < until; mini++, at += perMini) {
			const width = widths[mini] as number;
			if (width === 0) continue;
			const packed = new Uint8Array((perMini * width) / 8);
			for (let i = at, bit = 0; i < Math.min(at + perMini, until); i++, bit += width)
				putBits(packed, bit, (offsets[i] as number) - (offsets[i - 1] as number) - least);
			out.bytes(packed);
		}
	}
	return out.take();
}

export function decodeDelta(bytes: Uint8Array, base: bigint, count: number): Float64Array {
	const from = new ByteReader(bytes);
	const blockSize = from.varint();
	const miniCount = from.varint();
	const perMiniHere = blockSize / miniCount;
	const total = from.varint();
	if (total !== count || !Number.isInteger(perMiniHere) || perMiniHere === 0)
		throw new RangeError("a column of times is not one");
	const offsets = new Float64Array(count);
	if (count === 0) return offsets;
	let value = Number(from.zigzagBigint() - base);
	offsets[0] = value;
	for (let i = 1; i < count; ) {
		const least = from.zigzag();
		const widthsAt = from.at;
		from.at += miniCount;
		for (let mini = 0; mini < miniCount && i < count; mini++) {
			const width = bytes[widthsAt + mini] as number;
			const until = Math.min(i + perMiniHere, count);
			if (width === 0)
				for (; i < until; i++) {
					value += least;
					offsets[i] = value;
				}
			else {
				let bit = from.at * 8;
				for (; i < until; i++, bit += width) {
					value += least + getBits(bytes, bit, width);
					offsets[i] = value;
				}
			}
			from.at += (perMiniHere * width) / 8;
		}
	}
	return offsets;
}

const bitsOf = (value: number): number => (value < two32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / two32)));

/** Little-endian bits; the value below 2^53, its place still zero. */
function putBits(into: Uint8Array, bit: number, value: number): void {
	let at = bit >> 3;
	const shift = bit & 7;
	let rest = value;
	if (shift > 0) {
		const room = 2 ** (8 - shift);
		into[at] = (into[at] as number) | ((rest % room) << shift);
		at++;
		rest = Math.floor(rest / room);
	}
	while (rest > 0) {
		into[at++] = rest % 256;
		rest = Math.floor(rest / 256);
	}
}

/** At most 53 bits. */
function getBits(from: Uint8Array, bit: number, width: number): number {
	const at = bit >> 3;
	const shift = bit & 7;
	const low = ((from[at] ?? 0) | ((from[at + 1] ?? 0) << 8) | ((from[at + 2] ?? 0) << 16) | ((from[at + 3] ?? 0) << 24)) >>> 0;
	if (shift + width <= 32) return width === 32 ? low : (low >>> shift) & (2 ** width - 1);
	const high =
		((from[at + 4] ?? 0) | ((from[at + 5] ?? 0) << 8) | ((from[at + 6] ?? 0) << 16) | ((from[at + 7] ?? 0) << 24)) >>> 0;
	const more = shift + width - 32;
	return (low >>> shift) + (more === 32 ? high : high & (2 ** more - 1)) * 2 ** (32 - shift);
}
