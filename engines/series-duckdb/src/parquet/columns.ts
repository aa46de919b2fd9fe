import { ByteWriter } from "./bytes.ts";
import { decodeDelta, encodeDelta } from "./delta.ts";
import { type Chunk, chunkOf, encoding, pagesOf, squeezed } from "./pages.ts";
import { countRuns, decodeRuns, encodeRuns, encodeWhole } from "./runs.ts";

/** Rows of columns to bytes and back. Values keep every bit, but that all NaN are one. */

export function encodeTags(tags: Uint32Array): Chunk {
	const distinct = [...new Set(tags)];
	const place = new Map(distinct.map((tag, i) => [tag, i]));
	const width = distinct.length > 256 ? 16 : 8;
	const indices = width > 8 ? new Uint16Array(tags.length) : new Uint8Array(tags.length);
	for (const [row, tag] of tags.entries()) indices[row] = place.get(tag) as number;
	const out = new ByteWriter();
	out.byte(width);
	return chunkOf(
		tags.length,
		{ encoding: encoding.dictionary, bytes: encodeRuns(indices, width, out).take() },
		{ values: distinct.length, bytes: bytesOf(Uint32Array.from(distinct)) },
	);
}

export function decodeTags(chunk: Uint8Array, rows: number): Uint32Array {
	const { dictionary, body } = pagesOf(chunk);
	const distinct = new Uint32Array(copyOf(dictionary));
	const indices = decodeRuns(body, body[0] as number, rows, 1);
	return Uint32Array.from(indices, (index) => distinct[index] as number);
}

export const encodeTimes = (offsets: Float64Array, day: bigint): Chunk =>
	chunkOf(offsets.length, { encoding: encoding.delta, bytes: encodeDelta(offsets, day) });

export const decodeTimes = (chunk: Uint8Array, day: bigint, rows: number): Float64Array =>
	decodeDelta(pagesOf(chunk).body, day, rows);

/** Distinct values beyond which a dictionary no longer pays, as a share of the rows. */
const mostDistinct = 0.25;

/** States, quantised and constant values through a dictionary; others byte by byte or as they are, whichever is shorter. */
export function encodeValues(values: Float64Array): Chunk {
	const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
	const rows = values.length;
	const most = Math.min(65_536, Math.max(2, Math.floor(rows * mostDistinct)));
	const place = new Map<bigint, number>();
	const indices = new Uint16Array(rows);
	for (let i = 0; i < rows && place.size <= most; i++) {
		const value = bits[i] as bigint;
		let index = place.get(value);
		if (index === undefined) {
			index = place.size;
			place.set(value, index);
		}
		indices[i] = index;
	}
	const candidates: Chunk[] = [];
	if (place.size <= most) {
		const narrow = place.size <= 256;
		const width = narrow ? 8 : 16;
		const whole = narrow ? Uint8Array.from(indices) : indices;
		const dictionary = { values: place.size, bytes: bytesOf(BigUint64Array.from(place.keys())) };
		const out = new ByteWriter();
		out.byte(width);
		const runs = countRuns(whole);
		if (runs * 3 < rows / 4)
			return chunkOf(rows, { encoding: encoding.dictionary, bytes: encodeRuns(whole, width, out).take() }, dictionary);
		candidates.push(chunkOf(rows, { encoding: encoding.dictionary, bytes: encodeWhole(whole, out).take() }, dictionary));
		if (narrow) return candidates[0] as Chunk;
	}
	const split = splitBytes(values);
	candidates.push(chunkOf(rows, { encoding: encoding.byteStreamSplit, bytes: split, packed: squeezed(split) }));
	candidates.push(chunkOf(rows, { encoding: encoding.plain, bytes: bytesOf(values) }));
	return candidates.reduce((best, one) => (one.bytes.length < best.bytes.length ? one : best));
}

export function decodeValues(chunk: Uint8Array, rows: number): Float64Array {
	const { dictionary, encoding: how, body } = pagesOf(chunk);
	if (how === encoding.dictionary) {
		const distinct = new Float64Array(copyOf(dictionary));
		const indices = decodeRuns(body, body[0] as number, rows, 1);
		const values = new Float64Array(rows);
		for (let i = 0; i < rows; i++) values[i] = distinct[indices[i] as number] as number;
		return values;
	}
	if (body.length !== rows * 8) throw new RangeError("a column of values has another length");
	return how === encoding.byteStreamSplit ? joinBytes(body, rows) : new Float64Array(copyOf(body));
}

export function encodeQuality(quality: Uint8Array): Chunk {
	const distinct = Uint32Array.from(new Set(quality));
	const place = new Map([...distinct].map((code, i) => [code, i]));
	const indices = quality.map((code) => place.get(code) as number);
	const out = new ByteWriter();
	out.byte(8);
	const runs = countRuns(indices);
	const bytes = runs * 3 < quality.length ? encodeRuns(indices, 8, out).take() : encodeWhole(indices, out).take();
	return chunkOf(quality.length, { encoding: encoding.dictionary, bytes }, { values: distinct.length, bytes: bytesOf(distinct) });
}

export function decodeQuality(chunk: Uint8Array, rows: number): Uint8Array {
	const { dictionary, body } = pagesOf(chunk);
	const distinct = new Uint32Array(copyOf(dictionary));
	if (distinct.length === 1) return new Uint8Array(rows).fill(distinct[0] as number);
	return Uint8Array.from(decodeRuns(body, body[0] as number, rows, 1), (index) => distinct[index] as number);
}

export function encodeTexts(texts: ReadonlyMap<number, string>, rows: number): Chunk {
	const defined = new Uint8Array(rows);
	const out = new ByteWriter();
	for (const row of [...texts.keys()].sort((a, b) => a - b)) {
		defined[row] = 1;
		const bytes = Buffer.from(texts.get(row) as string);
		out.uint32(bytes.length);
		out.bytes(bytes);
	}
	const levels = { nulls: rows - texts.size, bytes: encodeRuns(defined, 1).take() };
	return chunkOf(rows, { encoding: encoding.plain, bytes: out.take() }, undefined, levels);
}

export function decodeTexts(chunk: Uint8Array, rows: number): Map<number, string> {
	const { levels, nulls, body } = pagesOf(chunk);
	const texts = new Map<number, string>();
	if (nulls === rows) return texts;
	const defined = decodeRuns(levels, 1, rows);
	const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
	for (let row = 0, at = 0; row < rows; row++) {
		if (defined[row] === 0) continue;
		const length = bytes.readUInt32LE(at);
		texts.set(row, bytes.toString("utf8", at + 4, at + 4 + length));
		at += 4 + length;
	}
	return texts;
}

const bytesOf = (column: Uint32Array | BigUint64Array | Float64Array): Buffer =>
	Buffer.from(column.buffer as ArrayBuffer, column.byteOffset, column.byteLength);

/** Aligned to eight bytes, as typed arrays need it. */
function copyOf(bytes: Uint8Array | undefined): ArrayBuffer {
	if (!bytes) throw new RangeError("a dictionary is missing");
	return new Uint8Array(bytes).buffer;
}

function splitBytes(values: Float64Array): Buffer {
	const bytes = bytesOf(values);
	const rows = values.length;
	const split = Buffer.allocUnsafe(bytes.length);
	for (let i = 0, at = 0; i < rows; i++) for (let byte = 0; byte < 8; byte++) split[byte * rows + i] = bytes[at++] as number;
	return split;
}

function joinBytes(split: Uint8Array, rows: number): Float64Array {
	const bytes = new Uint8Array(split.length);
	for (let byte = 0; byte < 8; byte++)
		for (let i = 0, at = byte; i < rows; i++, at += 8) bytes[at] = split[byte * rows + i] as number;
	return new Float64Array(bytes.buffer);
}
