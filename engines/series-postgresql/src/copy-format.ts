import type { SampleBatch } from "@millwright/core";
import { storedText } from "./stored-text.ts";

/** PostgreSQL's binary COPY. Source: https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format". */
const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const head = Buffer.concat([signature, Buffer.alloc(8)]);
const trailer = Buffer.from([0xff, 0xff]);

/** Of a row without text and with a number: count of fields, then each with its length. */
const plainRowBytes = 2 + 12 + 12 + 12 + 8 + 6 + 4;
const bytesAtOnce = 1 << 20;

export const sampleColumns = "time, arrival, value, tag, quality, text";

/** Rows to be written, gathered into buffers that the stream takes one after the other. */
export function createRowEncoder() {
	let buffers: Buffer[] = [];
	let buffer = Buffer.allocUnsafe(bytesAtOnce);
	let at = head.copy(buffer, 0);

	const room = (bytes: number) => {
		if (at + bytes <= buffer.length) return;
		buffers.push(buffer.subarray(0, at));
		buffer = Buffer.allocUnsafe(Math.max(bytesAtOnce, bytes));
		at = 0;
	};

	const row = (time: bigint, arrival: number, value: number, tag: number, quality: number, said: string | undefined) => {
		room(plainRowBytes);
		at = buffer.writeInt16BE(6, at);
		at = buffer.writeInt32BE(8, at);
		at = buffer.writeBigInt64BE(time, at);
		at = buffer.writeInt32BE(8, at);
		at = buffer.writeInt32BE(Math.floor(arrival / 4294967296), at);
		at = buffer.writeUInt32BE(arrival >>> 0, at);
		if (Number.isNaN(value)) at = buffer.writeInt32BE(-1, at);
		else {
			at = buffer.writeInt32BE(8, at);
			at = buffer.writeDoubleBE(value, at);
		}
		at = buffer.writeInt32BE(4, at);
		// Tag ids are unsigned, PostgreSQL has no such type; the bits are the same.
		at = buffer.writeInt32BE(tag | 0, at);
		at = buffer.writeInt32BE(2, at);
		at = buffer.writeInt16BE(quality, at);
		if (said === undefined) {
			at = buffer.writeInt32BE(-1, at);
			return;
		}
		const text = Buffer.from(storedText(said));
		room(4 + text.length);
		at = buffer.writeInt32BE(text.length, at);
		at += text.copy(buffer, at);
	};

	return {
		row,
		/** Rows from … until of a batch; the first has this arrival. */
		rows(
			batch: Pick<SampleBatch, "times" | "values" | "tags" | "quality"> & { texts?: ReadonlyMap<number, string> },
			from: number,
			until: number,
			arrival: number,
		) {
			const { times, values, tags, quality, texts } = batch;
			for (let i = from; i < until; i++)
				row(times[i] as bigint, arrival + i - from, values[i] as number, tags[i] as number, quality[i] as number, texts?.get(i));
		},
		/** What is full so far; more rows follow. */
		drain(): Buffer[] {
			const full = buffers;
			buffers = [];
			return full;
		},
		take(): Buffer[] {
			room(trailer.length);
			at += trailer.copy(buffer, at);
			const all = [...buffers, buffer.subarray(0, at)];
			buffers = [];
			return all;
		},
	};
}
export type RowEncoder = ReturnType<typeof createRowEncoder>;

/** Fields of one row where they lie; `lengths` is -1 where a field is NULL. */
export interface Fields {
	view: DataView;
	bytes: Buffer;
	offsets: Int32Array;
	lengths: Int32Array;
}

export const int16At = ({ view, offsets }: Fields, i: number): number => view.getInt16(offsets[i] as number);
export const int32At = ({ view, offsets }: Fields, i: number): number => view.getInt32(offsets[i] as number);
export const int64At = ({ view, offsets }: Fields, i: number): bigint => view.getBigInt64(offsets[i] as number);
/** NaN where it is NULL. */
export const doubleAt = ({ view, offsets, lengths }: Fields, i: number): number =>
	lengths[i] === -1 ? Number.NaN : view.getFloat64(offsets[i] as number);
export const textAt = ({ bytes, offsets, lengths }: Fields, i: number): string | undefined => {
	const length = lengths[i] as number;
	return length === -1 ? undefined : bytes.toString("utf8", offsets[i] as number, (offsets[i] as number) + length);
};

/** Takes bytes as they come and hands on whole rows. */
export function createRowDecoder(columns: number, each: (fields: Fields) => void) {
	const offsets = new Int32Array(columns);
	const lengths = new Int32Array(columns);
	let left: Buffer = Buffer.alloc(0);
	let begun = false;
	let ended = false;

	return {
		add(chunk: Buffer): void {
			const bytes = left.length > 0 ? Buffer.concat([left, chunk]) : chunk;
			const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
			const fields: Fields = { view, bytes, offsets, lengths };
			let at = 0;
			if (!begun) {
				if (bytes.length < head.length) {
					left = bytes;
					return;
				}
				if (!bytes.subarray(0, signature.length).equals(signature)) throw new Error("The server's rows do not begin like rows");
				at = head.length + view.getInt32(signature.length + 4);
				begun = true;
			}
			rows: while (!ended && at + 2 <= bytes.length) {
				const count = view.getInt16(at);
				if (count === -1) {
					ended = true;
					at += 2;
					break;
				}
				if (count !== columns) throw new Error(`A row has ${count} fields where ${columns} are due`);
				let next = at + 2;
				for (let i = 0; i < columns; i++) {
					if (next + 4 > bytes.length) break rows;
					const length = view.getInt32(next);
					next += 4;
					offsets[i] = next;
					lengths[i] = length;
					if (length > 0) next += length;
				}
				if (next > bytes.length) break;
				each(fields);
				at = next;
			}
			left = bytes.subarray(at);
		},
		/** Throws where the bytes stopped before their end. */
		end(): void {
			if (!ended) throw new Error("The server's rows stopped before their end");
		},
	};
}
