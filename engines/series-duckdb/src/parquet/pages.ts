import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { ByteReader } from "./bytes.ts";
import { binary, bool, decodeNumbers, encodeStruct, i32, type NumbersById, struct } from "./thrift.ts";

/** Numbers of the Parquet format (parquet.thrift). */
export const physical = { int32: 1, int64: 2, double: 5, bytes: 6 } as const;
export const encoding = { plain: 0, rle: 3, delta: 5, dictionary: 8, byteStreamSplit: 9 } as const;
export const codec = { none: 0, zstd: 6 } as const;

/** One column of one block of rows, as it lies in the file: perhaps a dictionary page, then one data page. */
export interface Chunk {
	bytes: Buffer;
	codec: number;
	encodings: number[];
	/** Where the data page begins; the dictionary's length before it. */
	dataAt: number;
	rawBytes: number;
}

/** A page that saves less than a tenth is not worth unpacking. */
const worthwhile = 0.9;
const level = { params: { [constants.ZSTD_c_compressionLevel]: 6 } };
export const squeezed = (bytes: Uint8Array): Buffer => zstdCompressSync(bytes, level);

/** A chunk of a data page, and of a dictionary where there is one, packed where that pays. */
export function chunkOf(
	rows: number,
	body: { encoding: number; bytes: Buffer; packed?: Buffer },
	dictionary?: { values: number; bytes: Buffer },
	levels: { nulls: number; bytes: Buffer } = { nulls: 0, bytes: Buffer.alloc(0) },
): Chunk {
	const packedBody = body.bytes.length < 64 ? undefined : (body.packed ?? squeezed(body.bytes));
	const pays = packedBody !== undefined && packedBody.length < body.bytes.length * worthwhile;
	const pages: Buffer[] = [];
	let rawBytes = 0;
	let dataAt = 0;
	if (dictionary) {
		const bytes = pays ? squeezed(dictionary.bytes) : dictionary.bytes;
		const head = encodeStruct({
			1: i32(2),
			2: i32(dictionary.bytes.length),
			3: i32(bytes.length),
			7: struct({ 1: i32(dictionary.values), 2: i32(encoding.plain) }),
		}).take();
		pages.push(head, bytes);
		dataAt = head.length + bytes.length;
		rawBytes += head.length + dictionary.bytes.length;
	}
	const bytes = pays ? packedBody : body.bytes;
	const head = encodeStruct({
		1: i32(3),
		2: i32(levels.bytes.length + body.bytes.length),
		3: i32(levels.bytes.length + bytes.length),
		8: struct({
			1: i32(rows),
			2: i32(levels.nulls),
			3: i32(rows),
			4: i32(body.encoding),
			5: i32(levels.bytes.length),
			6: i32(0),
			7: bool(pays),
		}),
	}).take();
	pages.push(head, levels.bytes, bytes);
	rawBytes += head.length + levels.bytes.length + body.bytes.length;
	return {
		bytes: Buffer.concat(pages),
		codec: pays ? codec.zstd : codec.none,
		encodings: dictionary ? [encoding.plain, body.encoding] : [body.encoding],
		dataAt,
		rawBytes,
	};
}

export interface Pages {
	dictionary: Uint8Array | undefined;
	levels: Uint8Array;
	encoding: number;
	nulls: number;
	body: Uint8Array;
}

/** The pages of a chunk, unpacked. */
export function pagesOf(chunk: Uint8Array): Pages {
	const from = new ByteReader(chunk);
	let head = decodeNumbers(from);
	let dictionary: { bytes: Uint8Array; raw: number } | undefined;
	if (head[1] === 2) {
		const length = numberIn(head, 3);
		dictionary = { bytes: chunk.subarray(from.at, from.at + length), raw: numberIn(head, 2) };
		from.at += length;
		head = decodeNumbers(from);
	}
	const data = head[8];
	if (head[1] !== 3 || typeof data !== "object") throw new RangeError("a page is of another kind");
	const levels = chunk.subarray(from.at, from.at + numberIn(data, 5));
	const packed = chunk.subarray(from.at + levels.length, from.at + numberIn(head, 3));
	const isPacked = data[7] !== 0;
	const unpacked = (bytes: Uint8Array, raw: number): Uint8Array =>
		isPacked ? zstdDecompressSync(bytes, { chunkSize: Math.max(64, raw) }) : bytes;
	return {
		dictionary: dictionary && unpacked(dictionary.bytes, dictionary.raw),
		levels,
		encoding: numberIn(data, 4),
		nulls: numberIn(data, 2),
		body: unpacked(packed, numberIn(head, 2) - levels.length),
	};
}

function numberIn(head: NumbersById, id: number): number {
	const value = head[id];
	if (typeof value !== "number") throw new RangeError(`a page's header lacks field ${id}`);
	return value;
}

/** Least and greatest, so that other readers can pass blocks over. */
export const statistics = (least: Uint8Array, greatest: Uint8Array) => struct({ 5: binary(greatest), 6: binary(least) });
