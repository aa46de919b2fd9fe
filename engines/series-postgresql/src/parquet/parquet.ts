import { zstdCompressSync } from "node:zlib";
import { type Field, thriftStruct, writeNumber } from "./thrift.ts";

/**
 * Samples as Parquet: columns tag, time, value, text, quality; row groups of plainly encoded pages, zstd. Time is INT64 ns
 * since 1970 UTC. Source: https://parquet.apache.org/docs/file-format/ and parquet.thrift.
 */
const magic = Buffer.from("PAR1");
const physical = { int64: 2, double: 5, bytes: 6 } as const;
const zstd = 6;
const plain = 0;
const rle = 3;

const stringType: Field[] = [
	{ id: 6, i32: 0 },
	{ id: 10, struct: [{ id: 1, struct: [] }] },
];
/** Not marked as UTC, though it is: readers that know a zone keep microseconds only. The other engine writes the same. */
const nanosType: Field[] = [
	{
		id: 10,
		struct: [
			{
				id: 8,
				struct: [
					{ id: 1, flag: false },
					{ id: 2, struct: [{ id: 3, struct: [] }] },
				],
			},
		],
	},
];
const columns = [
	{ name: "tag", type: physical.bytes, optional: false, more: stringType },
	{ name: "time", type: physical.int64, optional: false, more: nanosType },
	{ name: "value", type: physical.double, optional: true, more: [] },
	{ name: "text", type: physical.bytes, optional: true, more: stringType },
	{ name: "quality", type: physical.bytes, optional: false, more: stringType },
] as const;

export interface ParquetRow {
	tag: string;
	time: bigint;
	/** NaN: none. */
	value: number;
	text: string | undefined;
	quality: string;
}

/** Takes rows and hands out bytes in file order; `end` gives the last ones. */
export function createParquetWriter({ rowsPerGroup = 50_000 }: { rowsPerGroup?: number } = {}) {
	let offset = 0;
	let rows = 0;
	let waiting: ParquetRow[] = [];
	const groups: Field[][] = [];
	let bytes: Buffer[] = [];
	const put = (piece: Buffer) => {
		bytes.push(piece);
		offset += piece.length;
	};
	put(magic);

	const closeGroup = () => {
		if (waiting.length === 0) return;
		let total = 0;
		const chunks = columns.map(({ name, type }, i): Field[] => {
			const page = pageOf(waiting, i);
			const packed = zstdCompressSync(page);
			const head = thriftStruct([
				{ id: 1, i32: 0 },
				{ id: 2, i32: page.length },
				{ id: 3, i32: packed.length },
				{
					id: 5,
					struct: [
						{ id: 1, i32: waiting.length },
						{ id: 2, i32: plain },
						{ id: 3, i32: rle },
						{ id: 4, i32: rle },
					],
				},
			]);
			const at = offset;
			put(head);
			put(packed);
			total += head.length + page.length;
			return [
				{ id: 2, i64: at },
				{
					id: 3,
					struct: [
						{ id: 1, i32: type },
						{ id: 2, i32s: [plain, rle] },
						{ id: 3, texts: [name] },
						{ id: 4, i32: zstd },
						{ id: 5, i64: waiting.length },
						{ id: 6, i64: head.length + page.length },
						{ id: 7, i64: head.length + packed.length },
						{ id: 9, i64: at },
					],
				},
			];
		});
		groups.push([
			{ id: 1, structs: chunks },
			{ id: 2, i64: total },
			{ id: 3, i64: waiting.length },
		]);
		rows += waiting.length;
		waiting = [];
	};

	return {
		add(row: ParquetRow): void {
			waiting.push(row);
			if (waiting.length >= rowsPerGroup) closeGroup();
		},
		/** What is ready to be written. */
		take(): Buffer[] {
			const ready = bytes;
			bytes = [];
			return ready;
		},
		end(): Buffer[] {
			closeGroup();
			const footer = thriftStruct([
				{ id: 1, i32: 2 },
				{
					id: 2,
					structs: [
						[
							{ id: 4, text: "schema" },
							{ id: 5, i32: columns.length },
						],
						...columns.map(({ name, type, optional, more }): Field[] => [
							{ id: 1, i32: type },
							{ id: 3, i32: optional ? 1 : 0 },
							{ id: 4, text: name },
							...more,
						]),
					],
				},
				{ id: 3, i64: rows },
				{ id: 4, structs: groups },
				{ id: 6, text: "millwright" },
			]);
			const length = Buffer.alloc(4);
			length.writeUInt32LE(footer.length);
			put(footer);
			put(length);
			put(magic);
			return this.take();
		},
	};
}

function pageOf(rows: readonly ParquetRow[], column: number): Buffer {
	switch (column) {
		case 0:
			return texts(rows.map(({ tag }) => tag));
		case 1: {
			const page = Buffer.alloc(rows.length * 8);
			for (const [i, { time }] of rows.entries()) page.writeBigInt64LE(time, i * 8);
			return page;
		}
		case 2: {
			const present = rows.filter(({ value }) => !Number.isNaN(value));
			const page = Buffer.alloc(present.length * 8);
			for (const [i, { value }] of present.entries()) page.writeDoubleLE(value, i * 8);
			return Buffer.concat([levels(rows.map(({ value }) => !Number.isNaN(value))), page]);
		}
		case 3:
			return Buffer.concat([
				levels(rows.map(({ text }) => text !== undefined)),
				texts(rows.flatMap(({ text }) => (text === undefined ? [] : [text]))),
			]);
		default:
			return texts(rows.map(({ quality }) => quality));
	}
}

function texts(all: readonly string[]): Buffer {
	const encoded = all.map((text) => Buffer.from(text));
	const page = Buffer.alloc(encoded.reduce((sum, { length }) => sum + 4 + length, 0));
	let at = 0;
	for (const one of encoded) {
		at = page.writeUInt32LE(one.length, at);
		at += one.copy(page, at);
	}
	return page;
}

/** Which rows have a value: one bit-packed run of eights, behind its length. */
function levels(present: readonly boolean[]): Buffer {
	const eights = Math.ceil(present.length / 8);
	const head: number[] = [];
	writeNumber(eights * 2 + 1, head);
	const run = Buffer.alloc(eights);
	for (const [i, is] of present.entries()) if (is) run[i >> 3] = (run[i >> 3] as number) | (1 << (i & 7));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(head.length + eights);
	return Buffer.concat([length, Buffer.from(head), run]);
}
