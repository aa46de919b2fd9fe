import { hash } from "node:crypto";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { encodeQuality, encodeTags, encodeTexts, encodeTimes, encodeValues } from "./columns.ts";
import { type Chunk, codec, physical, squeezed, statistics } from "./pages.ts";
import type { DayRows } from "./rows.ts";
import { type BlockPlace, encodeIndex, type SegmentFacts, writeTrailer } from "./segment-index.ts";
import { binary, encodeStruct, i32, i64, list, struct, type ThriftValue } from "./thrift.ts";

/**
 * One UTC day, or a part of one, as a Parquet file sorted by tag and time. A block of rows is a row group; a tag with
 * enough rows has blocks of its own, so that one tag's day is a few short reads. Columns that are the same in several
 * blocks (times of registers that one request read, qualities) lie in the file once, and every block points there.
 */
export interface SegmentWriter {
	/** Tags ascending; rows of one tag in order, in any number of pieces. */
	add(tag: number, rows: DayRows): void;
	/** Writes the rest and syncs it to disk. */
	finish(): Promise<SegmentFacts>;
	abandon(): void;
}

const mostRows = 8192;
/** A block with this many rows ends where the next tag begins. */
const enoughRows = 1024;
const flushBytes = 1 << 20;
/** Columns remembered for sharing. */
const mostShared = 50_000;

interface Column {
	name: string;
	type: number;
	converted?: number;
	optional?: boolean;
}
const columns: readonly Column[] = [
	{ name: "tag", type: physical.int32, converted: 13 },
	{ name: "time", type: physical.int64 },
	{ name: "value", type: physical.double },
	{ name: "quality", type: physical.int32, converted: 11 },
];
const textColumn: Column = { name: "text", type: physical.bytes, converted: 0, optional: true };

export function createSegmentWriter({
	file,
	day,
	withTexts,
	about,
}: {
	file: string;
	/** Midnight UTC. */
	day: bigint;
	withTexts: boolean;
	/** Kept in the file, so that it can be understood without the database. */
	about: Record<string, unknown>;
}): SegmentWriter {
	mkdirSync(dirname(file), { recursive: true });
	const schema = withTexts ? [...columns, textColumn] : columns;
	const descriptor = openSync(file, "wx");
	let isOpen = true;
	const close = () => {
		if (isOpen) closeSync(descriptor);
		isOpen = false;
	};
	let waiting: Buffer[] = [];
	let waitingBytes = 0;
	let at = 0;
	const write = (bytes: Buffer) => {
		waiting.push(bytes);
		waitingBytes += bytes.length;
		at += bytes.length;
		if (waitingBytes >= flushBytes) drain();
	};
	const drain = () => {
		const bytes = Buffer.concat(waiting);
		for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
		waiting = [];
		waitingBytes = 0;
	};
	write(Buffer.from("PAR1"));

	const tags = new Uint32Array(mostRows);
	const offsets = new Float64Array(mostRows);
	const values = new Float64Array(mostRows);
	const quality = new Uint8Array(mostRows);
	let texts = new Map<number, string>();
	let pending = 0;

	const blocks: BlockPlace[] = [];
	const groups: ThriftValue[] = [];
	const shared = new Map<string, { chunk: Omit<Chunk, "bytes">; at: number; length: number; crc: number }>();
	const facts: SegmentFacts = {
		rows: 0,
		bytes: 0,
		oldest: Number.POSITIVE_INFINITY,
		newest: Number.NEGATIVE_INFINITY,
		firstTag: 0,
		lastTag: 0,
		texts: withTexts,
	};

	/** Writes a column unless the same one lies in the file already. */
	const place = (key: string | undefined, encode: () => Chunk) => {
		const known = key === undefined ? undefined : shared.get(key);
		if (known) return known;
		const { bytes, ...chunk } = encode();
		const placed = { chunk, at, length: bytes.length, crc: crc32(bytes) };
		write(bytes);
		if (key !== undefined && shared.size < mostShared) shared.set(key, placed);
		return placed;
	};
	const keyOf = (kind: string, column: Float64Array | Uint8Array) =>
		kind + hash("sha1", new Uint8Array(column.buffer, column.byteOffset, column.byteLength), "base64");

	const cut = () => {
		if (pending === 0) return;
		const rows = pending;
		const tagsNow = tags.subarray(0, rows);
		const offsetsNow = offsets.slice(0, rows);
		const valuesNow = values.slice(0, rows);
		const qualityNow = quality.subarray(0, rows);
		const textsNow = texts;
		const placed = [
			place(undefined, () => encodeTags(tagsNow)),
			place(keyOf("t", offsetsNow), () => encodeTimes(offsetsNow, day)),
			place(undefined, () => encodeValues(valuesNow)),
			place(keyOf("q", qualityNow), () => encodeQuality(qualityNow)),
		];
		if (withTexts) placed.push(place(textsNow.size === 0 ? `x${rows}` : undefined, () => encodeTexts(textsNow, rows)));
		let least = Number.POSITIVE_INFINITY;
		let greatest = Number.NEGATIVE_INFINITY;
		for (const offset of offsetsNow) {
			if (offset < least) least = offset;
			if (offset > greatest) greatest = offset;
		}
		const firstTag = tags[0] as number;
		const lastTag = tags[rows - 1] as number;
		if (facts.rows === 0) facts.firstTag = firstTag;
		facts.lastTag = lastTag;
		facts.rows += rows;
		facts.oldest = Math.min(facts.oldest, least);
		facts.newest = Math.max(facts.newest, greatest);
		blocks.push({
			firstTag,
			lastTag,
			rows,
			least,
			greatest,
			crc: placed.reduce((sum, { crc }) => Math.imul(sum, 31) ^ crc, 0) >>> 0,
			chunks: placed.map(({ at: from, length }) => ({ at: from, length })),
		});
		groups.push(
			rowGroup(schema, placed, rows, [
				[int32Bytes(firstTag), int32Bytes(lastTag)],
				[int64Bytes(day + BigInt(least)), int64Bytes(day + BigInt(greatest))],
			]),
		);
		pending = 0;
		texts = new Map();
	};

	return {
		add(tag, rows) {
			const length = rows.offsets.length;
			if (pending > 0 && tags[pending - 1] !== tag && (pending >= enoughRows || length >= enoughRows)) cut();
			for (let from = 0; from < length; ) {
				if (pending === mostRows) cut();
				const count = Math.min(mostRows - pending, length - from);
				tags.fill(tag, pending, pending + count);
				offsets.set(rows.offsets.subarray(from, from + count), pending);
				values.set(rows.values.subarray(from, from + count), pending);
				quality.set(rows.quality.subarray(from, from + count), pending);
				if (rows.texts)
					for (const [row, text] of rows.texts) if (row >= from && row < from + count) texts.set(pending + row - from, text);
				pending += count;
				from += count;
			}
		},
		async finish() {
			try {
				cut();
				const index = encodeIndex({ day: day.toString(), columns: schema.length, rows: facts.rows, about }, blocks);
				const packed = squeezed(index);
				write(packed);
				write(writeTrailer(packed, index.length));
				const footer = encodeStruct({
					1: i32(2),
					2: list("struct", [
						struct({ 4: binary("sample"), 5: i32(schema.length) }),
						...schema.map(({ name, type, converted, optional }) =>
							struct({
								1: i32(type),
								3: i32(optional ? 1 : 0),
								4: binary(name),
								6: converted === undefined ? undefined : i32(converted),
							}),
						),
					]),
					3: i64(facts.rows),
					4: list("struct", groups),
					6: binary("millwright"),
				}).take();
				write(footer);
				const end = Buffer.alloc(8);
				end.writeUInt32LE(footer.length, 0);
				end.write("PAR1", 4);
				write(end);
				drain();
			} finally {
				close();
			}
			await synced(file);
			await synced(dirname(file));
			facts.bytes = at;
			return facts;
		},
		abandon() {
			close();
			rmSync(file, { force: true });
		},
	};
}

async function synced(path: string): Promise<void> {
	const handle = await open(path, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

function rowGroup(
	schema: readonly Column[],
	placed: readonly { chunk: Omit<Chunk, "bytes">; at: number; length: number }[],
	rows: number,
	bounds: readonly (readonly [Uint8Array, Uint8Array])[],
): ThriftValue {
	const chunks = placed.map(({ chunk, at, length }, i) => {
		const { name, type } = schema[i] as Column;
		const bound = bounds[i];
		return struct({
			2: i64(0),
			3: struct({
				1: i32(type),
				2: list("i32", chunk.encodings.map(i32)),
				3: list("binary", [binary(name)]),
				4: i32(chunk.codec === codec.zstd ? codec.zstd : codec.none),
				5: i64(rows),
				6: i64(chunk.rawBytes),
				7: i64(length),
				9: i64(at + chunk.dataAt),
				11: chunk.dataAt > 0 ? i64(at) : undefined,
				12: bound && statistics(...bound),
			}),
		});
	});
	return struct({
		1: list("struct", chunks),
		2: i64(placed.reduce((sum, { chunk }) => sum + chunk.rawBytes, 0)),
		3: i64(rows),
	});
}

function int32Bytes(value: number): Uint8Array {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
}
function int64Bytes(value: bigint): Uint8Array {
	const bytes = Buffer.alloc(8);
	bytes.writeBigInt64LE(value);
	return bytes;
}
