import { crc32 } from "node:zlib";

/** What a finished file holds; oldest and newest as offsets within its day. */
export interface SegmentFacts {
	rows: number;
	bytes: number;
	oldest: number;
	newest: number;
	firstTag: number;
	lastTag: number;
	/** Whether it has a column of texts. */
	texts: boolean;
}

/** Where a block of rows lies, and what it can hold. */
export interface BlockPlace {
	firstTag: number;
	lastTag: number;
	rows: number;
	/** Offsets within the day, both inclusive. */
	least: number;
	greatest: number;
	/** Over the sums of its chunks, in their order. */
	crc: number;
	chunks: { at: number; length: number }[];
}

export interface SegmentHead {
	/** Midnight UTC in ns, as text. */
	day: string;
	columns: number;
	rows: number;
	about: Record<string, unknown>;
}

/**
 * Our own index lies between the last row group and Parquet's footer, where other readers do not look:
 * index (zstd) | "MWINDEX1" | packed length u32 | raw length u32 | CRC-32 of packed u32 | 0 u32 | footer | length | "PAR1".
 * Raw: length of JSON u32, JSON, then one record a block: first tag, last tag, rows, sum (u32 each), least, greatest
 * (f64), then for each column its place (f64) and length (u32). Little-endian throughout.
 */
const magic = "MWINDEX1";
export const trailerBytes = 24;
const recordBytes = (columns: number) => 32 + columns * 12;

export function encodeIndex(head: SegmentHead, blocks: readonly BlockPlace[]): Buffer {
	const json = Buffer.from(JSON.stringify(head));
	const size = recordBytes(head.columns);
	const bytes = Buffer.alloc(4 + json.length + blocks.length * size);
	bytes.writeUInt32LE(json.length, 0);
	json.copy(bytes, 4);
	for (const [i, block] of blocks.entries()) {
		let at = 4 + json.length + i * size;
		for (const number of [block.firstTag, block.lastTag, block.rows, block.crc]) at = bytes.writeUInt32LE(number, at);
		at = bytes.writeDoubleLE(block.least, at);
		at = bytes.writeDoubleLE(block.greatest, at);
		for (const chunk of block.chunks) {
			at = bytes.writeDoubleLE(chunk.at, at);
			at = bytes.writeUInt32LE(chunk.length, at);
		}
	}
	return bytes;
}

export function writeTrailer(packed: Buffer, rawLength: number): Buffer {
	const trailer = Buffer.alloc(trailerBytes);
	trailer.write(magic, 0, "latin1");
	trailer.writeUInt32LE(packed.length, 8);
	trailer.writeUInt32LE(rawLength, 12);
	trailer.writeUInt32LE(crc32(packed), 16);
	return trailer;
}

export function readTrailer(trailer: Buffer): { packed: number; raw: number; crc: number } {
	if (trailer.toString("latin1", 0, 8) !== magic) throw new RangeError("the file has no index of ours");
	return { packed: trailer.readUInt32LE(8), raw: trailer.readUInt32LE(12), crc: trailer.readUInt32LE(16) };
}

/** Blocks by number, read from the bytes when asked, so that a large file's index stays small. */
export class SegmentIndex {
	readonly head: SegmentHead;
	readonly length: number;
	readonly bytes: Buffer;
	readonly #at: number;
	readonly #size: number;

	constructor(bytes: Buffer) {
		const json = bytes.readUInt32LE(0);
		this.head = JSON.parse(bytes.toString("utf8", 4, 4 + json)) as SegmentHead;
		this.bytes = bytes;
		this.#at = 4 + json;
		this.#size = recordBytes(this.head.columns);
		this.length = (bytes.length - this.#at) / this.#size;
		if (!Number.isInteger(this.length)) throw new RangeError("the file's index has another length");
	}

	firstTag = (block: number): number => this.bytes.readUInt32LE(this.#at + block * this.#size);
	lastTag = (block: number): number => this.bytes.readUInt32LE(this.#at + block * this.#size + 4);
	rows = (block: number): number => this.bytes.readUInt32LE(this.#at + block * this.#size + 8);
	crc = (block: number): number => this.bytes.readUInt32LE(this.#at + block * this.#size + 12);
	least = (block: number): number => this.bytes.readDoubleLE(this.#at + block * this.#size + 16);
	greatest = (block: number): number => this.bytes.readDoubleLE(this.#at + block * this.#size + 24);
	chunk(block: number, column: number): { at: number; length: number } {
		const at = this.#at + block * this.#size + 32 + column * 12;
		return { at: this.bytes.readDoubleLE(at), length: this.bytes.readUInt32LE(at + 8) };
	}

	/** First block that can hold this tag; the last such is followed by one whose first tag is greater. */
	firstWith(tag: number): number {
		let low = 0;
		let high = this.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.lastTag(middle) < tag) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
