import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { crc32, zstdDecompressSync } from "node:zlib";
import { decodeQuality, decodeTags, decodeTexts, decodeTimes, decodeValues } from "./columns.ts";
import { cutRows, type DayRows, sliceRows } from "./rows.ts";
import { readTrailer, type SegmentHead, SegmentIndex, trailerBytes } from "./segment-index.ts";

/** A file of ours whose bytes are not what was written. */
export class DamagedSegment extends Error {
	readonly file: string;
	constructor(file: string, cause: unknown) {
		super(`${file} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
		this.file = file;
	}
}

/** An open file. Blocks are checked against their sums each time they are read from disk. */
export interface SegmentReader {
	readonly head: SegmentHead;
	readonly index: SegmentIndex;
	readonly memory: number;
	/** Numbers of the blocks that can hold rows of a tag in [from, until), in order. */
	blocks(tag: number, from: bigint, until: bigint): number[];
	read(block: number): Block;
	/** Rows of a tag in a block that lie in [from, until). */
	rows(block: Block, tag: number, from: bigint, until: bigint): DayRows;
	/** Every tag in a block and its rows, in order. */
	split(block: Block): [tag: number, rows: DayRows][];
	close(): void;
}

/** A block's rows; `tags` only where there are several. */
export interface Block {
	firstTag: number;
	tags: Uint32Array | undefined;
	rows: DayRows;
	bytes: number;
}

export function openSegment(file: string): SegmentReader {
	const descriptor = openSync(file, "r");
	try {
		return readerOf(file, descriptor, readIndex(file, descriptor));
	} catch (thrown) {
		closeSync(descriptor);
		throw thrown;
	}
}

function readIndex(file: string, descriptor: number): SegmentIndex {
	try {
		const { size } = fstatSync(descriptor);
		const end = readAt(descriptor, size - 8, 8);
		if (end.toString("latin1", 4) !== "PAR1") throw new RangeError("it does not end as Parquet does");
		const trailerAt = size - 8 - end.readUInt32LE(0) - trailerBytes;
		const { packed, raw, crc } = readTrailer(readAt(descriptor, trailerAt, trailerBytes));
		const bytes = readAt(descriptor, trailerAt - packed, packed);
		if (crc32(bytes) !== crc) throw new RangeError("its index has another sum");
		const index = zstdDecompressSync(bytes);
		if (index.length !== raw) throw new RangeError("its index has another length");
		return new SegmentIndex(index);
	} catch (thrown) {
		throw new DamagedSegment(file, thrown);
	}
}

/** Decoded times of the last blocks, by place in the file: neighbours often share them. */
const timesKept = 16;

function readerOf(file: string, descriptor: number, index: SegmentIndex): SegmentReader {
	const day = BigInt(index.head.day);
	const times = new Map<number, Float64Array>();
	const withTexts = index.head.columns > 4;

	const timesOf = (chunk: Buffer, at: number, rows: number): Float64Array => {
		const known = times.get(at);
		if (known?.length === rows) return known;
		const decoded = decodeTimes(chunk, day, rows);
		times.set(at, decoded);
		if (times.size > timesKept) times.delete(times.keys().next().value as number);
		return decoded;
	};

	return {
		head: index.head,
		index,
		memory: index.bytes.length,
		blocks(tag, from, until) {
			const found: number[] = [];
			for (let block = index.firstWith(tag); block < index.length && index.firstTag(block) <= tag; block++)
				if (day + BigInt(index.least(block)) < until && day + BigInt(index.greatest(block)) >= from) found.push(block);
			return found;
		},
		read(block) {
			try {
				const rows = index.rows(block);
				const chunks: Buffer[] = [];
				let sum = 0;
				for (let column = 0; column < index.head.columns; column++) {
					const { at, length } = index.chunk(block, column);
					const bytes = readAt(descriptor, at, length);
					sum = Math.imul(sum, 31) ^ crc32(bytes);
					chunks.push(bytes);
				}
				if (sum >>> 0 !== index.crc(block)) throw new RangeError(`block ${block} has another sum`);
				const [tags, time, value, quality, text] = chunks as [Buffer, Buffer, Buffer, Buffer, Buffer | undefined];
				const firstTag = index.firstTag(block);
				const texts = withTexts && text ? decodeTexts(text, rows) : undefined;
				return {
					firstTag,
					tags: index.lastTag(block) === firstTag ? undefined : decodeTags(tags, rows),
					rows: {
						day,
						offsets: timesOf(time, index.chunk(block, 1).at, rows),
						values: decodeValues(value, rows),
						quality: decodeQuality(quality, rows),
						texts: texts && texts.size > 0 ? texts : undefined,
					},
					bytes: rows * 24,
				};
			} catch (thrown) {
				throw new DamagedSegment(file, thrown);
			}
		},
		rows(block, tag, from, until) {
			const [start, end] = block.tags ? [lower(block.tags, tag), lower(block.tags, tag + 1)] : [0, block.rows.offsets.length];
			return cutRows(sliceRows(block.rows, start, end), from, until);
		},
		split({ firstTag, tags, rows }) {
			if (!tags) return [[firstTag, rows]];
			const found: [number, DayRows][] = [];
			for (let from = 0; from < tags.length; ) {
				const tag = tags[from] as number;
				const until = lower(tags, tag + 1);
				found.push([tag, sliceRows(rows, from, until)]);
				from = until;
			}
			return found;
		},
		close: () => closeSync(descriptor),
	};
}

/** First place whose tag is not below. */
function lower(tags: Uint32Array, tag: number): number {
	let low = 0;
	let high = tags.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((tags[middle] as number) < tag) low = middle + 1;
		else high = middle;
	}
	return low;
}

function readAt(descriptor: number, at: number, length: number): Buffer {
	if (at < 0) throw new RangeError("it is too short");
	const bytes = Buffer.allocUnsafe(length);
	let read = 0;
	while (read < length) {
		const more = readSync(descriptor, bytes, read, length - read, at + read);
		if (more === 0) throw new RangeError("it ends too early");
		read += more;
	}
	return bytes;
}
