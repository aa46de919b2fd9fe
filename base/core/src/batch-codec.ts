import { MillwrightError } from "./errors.ts";
import type { SampleBatch } from "./sample-batch.ts";

/*
 * A batch as bytes, for the ring and the wire. Numbers are little-endian; "varint" is LEB128, "zigzag" a varint of signed numbers.
 *
 *   u8  0x4D "M"        u8 version (1)       u8 flags: bit 0 historical, bits 1–5 the column forms below
 *   f64 readAtMs        varint first         zigzag last − first
 *   varint n, n bytes   connection, UTF-8
 *   varint              rows
 *   tags                bit 1: one varint for all rows | u32 each
 *   times               i64 of row 0, then bit 2: nothing, all alike | bit 3: zigzag ns from the row before | i64 each
 *   values              bit 4: f32 each, where that loses nothing | f64 each
 *   quality             bit 5: one u8 for all rows | u8 each
 *   varint              texts, each: varint rows since the text before, varint n, n bytes UTF-8
 */
const magic = 0x4d;
const version = 1;
const flag = { historical: 1, oneTag: 2, oneTime: 4, timeSteps: 8, single: 16, oneQuality: 32 } as const;

const low = 4_294_967_296;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const longestName = 256;
/** Far above any batch in use; a bound for what a stranger can make us allocate. */
const mostRows = 4_000_000;

/** Worst case: 10 bytes a time step. */
const roomFor = (batch: SampleBatch): number => 64 + longestName * 4 + batch.length * (4 + 10 + 8 + 1) + 10;

export function encodeBatch(batch: SampleBatch): Uint8Array {
	const { length } = batch;
	const texts = [...batch.texts].sort(([a], [b]) => a - b).map(([row, text]) => ({ row, bytes: encoder.encode(text) }));
	const room = texts.reduce((sum, text) => sum + 20 + text.bytes.length, roomFor(batch));
	const bytes = new Uint8Array(room);
	const view = new DataView(bytes.buffer);
	const name = encoder.encode(batch.connection);
	let flags = batch.historical ? flag.historical : 0;
	bytes[0] = magic;
	bytes[1] = version;
	view.setFloat64(3, batch.readAtMs, true);
	let at = putVarint(bytes, 11, batch.first);
	at = putVarint(bytes, at, zigzag(batch.last - batch.first));
	at = putVarint(bytes, at, name.length);
	bytes.set(name, at);
	at = putVarint(bytes, at + name.length, length);
	if (length > 0) {
		if (allEqual(batch.tags, length)) {
			flags |= flag.oneTag;
			at = putVarint(bytes, at, batch.tags[0] as number);
		} else at = putColumn(bytes, at, batch.tags, length, 4);
		const halves = new Uint32Array(batch.times.buffer, batch.times.byteOffset, length * 2);
		view.setUint32(at, halves[0] as number, true);
		view.setUint32(at + 4, halves[1] as number, true);
		const timesAt = at;
		const stepped = putTimeSteps(bytes, at + 8, halves, length);
		if (stepped === "alike") {
			flags |= flag.oneTime;
			at += 8;
		} else if (stepped === "far") at = putColumn(bytes, timesAt, batch.times, length, 8);
		else {
			flags |= flag.timeSteps;
			at = stepped;
		}
		if (allSingle(batch.values, length)) {
			flags |= flag.single;
			at = putColumn(bytes, at, Float32Array.from(batch.values.subarray(0, length)), length, 4);
		} else at = putColumn(bytes, at, batch.values, length, 8);
		if (allEqual(batch.quality, length)) {
			flags |= flag.oneQuality;
			bytes[at++] = batch.quality[0] as number;
		} else at = putColumn(bytes, at, batch.quality, length, 1);
	}
	at = putVarint(bytes, at, texts.length);
	let before = -1;
	for (const text of texts) {
		at = putVarint(bytes, at, text.row - before);
		before = text.row;
		at = putVarint(bytes, at, text.bytes.length);
		bytes.set(text.bytes, at);
		at += text.bytes.length;
	}
	bytes[2] = flags;
	return bytes.slice(0, at);
}

/** Throws `core.batch-invalid` on anything that is not a whole batch; never allocates more than the bytes justify. */
export function decodeBatch(bytes: Uint8Array): SampleBatch {
	const reader = new Reader(bytes);
	if (reader.u8() !== magic) refuse("it does not begin like one");
	const found = reader.u8();
	if (found !== version) refuse(`version ${found} is unknown here`);
	const flags = reader.u8();
	if (flags > 63) refuse("unknown flags");
	const readAtMs = reader.f64();
	const first = reader.varint();
	const last = first + unzigzag(reader.varint());
	if (last < first - 1 || !Number.isSafeInteger(last)) refuse("its numbers run backwards");
	const connection = reader.text(longestName * 4);
	const length = reader.varint();
	if (length > mostRows || length * 4 > reader.left) refuse("it claims more rows than it has bytes");
	const tags = new Uint32Array(length);
	const times = new BigInt64Array(length);
	const values = new Float64Array(length);
	const quality = new Uint8Array(length);
	if (length > 0) {
		if (flags & flag.oneTag) {
			const tag = reader.varint();
			if (tag >= low) refuse("a tag id is too large");
			tags.fill(tag);
		} else reader.column(tags);
		readTimes(reader, flags, times);
		if (flags & flag.single) {
			const single = new Float32Array(length);
			reader.column(single);
			values.set(single);
		} else reader.column(values);
		if (flags & flag.oneQuality) quality.fill(reader.u8());
		else reader.column(quality);
	}
	const texts = new Map<number, string>();
	const count = reader.varint();
	if (count > length) refuse("it has more texts than rows");
	let row = -1;
	for (let i = 0; i < count; i++) {
		const step = reader.varint();
		row += step;
		if (step < 1 || row >= length) refuse("a text belongs to no row");
		texts.set(row, reader.text(bytes.length));
	}
	if (reader.left > 0) refuse("bytes are left over");
	return {
		connection,
		first,
		last,
		historical: (flags & flag.historical) !== 0,
		readAtMs,
		length,
		tags,
		times,
		values,
		quality,
		texts,
	};
}

function readTimes(reader: Reader, flags: number, times: BigInt64Array): void {
	if (!(flags & (flag.oneTime | flag.timeSteps))) {
		reader.column(times);
		return;
	}
	const halves = new Uint32Array(times.buffer);
	let lo = reader.u32();
	let hi = reader.u32();
	for (let row = 0; row < times.length; row++) {
		if (row > 0 && flags & flag.timeSteps) {
			const step = unzigzag(reader.varint());
			const sum = lo + step;
			const carry = Math.floor(sum / low);
			lo = sum - carry * low;
			hi = (hi + carry) >>> 0;
		}
		halves[row * 2] = lo;
		halves[row * 2 + 1] = hi;
	}
}

/** "alike" when no time differs from the first, "far" when a step does not fit a double, else where it ended. */
function putTimeSteps(bytes: Uint8Array, at: number, halves: Uint32Array, length: number): number | "alike" | "far" {
	let alike = true;
	let lo = halves[0] as number;
	let hi = (halves[1] as number) | 0;
	for (let row = 1; row < length; row++) {
		const nextLo = halves[row * 2] as number;
		const nextHi = (halves[row * 2 + 1] as number) | 0;
		const step = (nextHi - hi) * low + (nextLo - lo);
		if (step > 4e15 || step < -4e15) return "far";
		if (step !== 0) alike = false;
		at = putVarint(bytes, at, zigzag(step));
		lo = nextLo;
		hi = nextHi;
	}
	return alike ? "alike" : at;
}

function allEqual(column: Uint32Array | Uint8Array, length: number): boolean {
	const first = column[0];
	for (let row = 1; row < length; row++) if (column[row] !== first) return false;
	return true;
}

function allSingle(values: Float64Array, length: number): boolean {
	for (let row = 0; row < length; row++) {
		const value = values[row] as number;
		if (Math.fround(value) !== value && !Number.isNaN(value)) return false;
	}
	return true;
}

function putColumn(
	bytes: Uint8Array,
	at: number,
	column: { buffer: ArrayBufferLike; byteOffset: number },
	rows: number,
	width: number,
): number {
	bytes.set(new Uint8Array(column.buffer, column.byteOffset, rows * width), at);
	return at + rows * width;
}

const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

function putVarint(bytes: Uint8Array, at: number, value: number): number {
	while (value >= 0x8000_0000) {
		bytes[at++] = (value % 128) | 0x80;
		value = Math.floor(value / 128);
	}
	while (value >= 128) {
		bytes[at++] = (value & 127) | 128;
		value >>>= 7;
	}
	bytes[at++] = value;
	return at;
}

class Reader {
	readonly #bytes: Uint8Array;
	readonly #view: DataView;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}

	get left(): number {
		return this.#bytes.length - this.#at;
	}

	#take(count: number): number {
		if (count > this.left) refuse("it ends too early");
		const at = this.#at;
		this.#at += count;
		return at;
	}

	u8(): number {
		return this.#bytes[this.#take(1)] as number;
	}

	u32(): number {
		return this.#view.getUint32(this.#take(4), true);
	}

	f64(): number {
		return this.#view.getFloat64(this.#take(8), true);
	}

	varint(): number {
		let value = 0;
		let weight = 1;
		for (let i = 0; i < 8; i++) {
			const byte = this.u8();
			value += (byte & 127) * weight;
			if (byte < 128) {
				if (!Number.isSafeInteger(value)) refuse("a number is too large");
				return value;
			}
			weight *= 128;
		}
		return refuse("a number is too long");
	}

	text(longest: number): string {
		const count = this.varint();
		if (count > longest) refuse("a text is too long");
		const at = this.#take(count);
		try {
			return decoder.decode(this.#bytes.subarray(at, at + count));
		} catch {
			return refuse("a text is not UTF-8");
		}
	}

	column(into: Uint8Array | Uint32Array | Float32Array | Float64Array | BigInt64Array): void {
		const at = this.#take(into.byteLength);
		new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(this.#bytes.subarray(at, at + into.byteLength));
	}
}

function refuse(why: string): never {
	throw new MillwrightError("core.batch-invalid", `These bytes are no batch of samples: ${why}`, { kind: "input" });
}
