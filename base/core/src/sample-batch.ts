import type { Quality } from "./quality.ts";
import type { Nanos } from "./time.ts";

/** A value as a machine gives it. 64-bit integers that a double cannot hold stay bigint. */
export type Value = number | boolean | string | bigint | null;

/**
 * Samples of one connection, in columns. Row i is (tags[i], times[i], values[i], quality[i]).
 * Treat a batch as immutable once it has been handed on: every consumer sees the same arrays.
 */
export interface SampleBatch {
	/** Which connection (or `twin:<connection>` for what is derived from it). */
	readonly connection: string;
	/**
	 * Sequence numbers this batch covers, both inclusive. For a connection row i has number `first + i`;
	 * a derived batch covers the numbers of the batch it was derived from, whatever its row count.
	 * Two batches of one connection with the same numbers are the same batch.
	 */
	readonly first: number;
	readonly last: number;
	/** Replayed after an outage or imported: not what the machine says now. */
	readonly historical: boolean;
	/** Wall ms with fraction at which the driver had the values; NaN when unknown. For latency only. */
	readonly readAtMs: number;
	readonly length: number;
	/** Ids of the process's tag directory. */
	readonly tags: Uint32Array;
	/** Source time, ns since 1970 UTC. */
	readonly times: BigInt64Array;
	/** NaN where the value is not a number; booleans are 0 and 1. */
	readonly values: Float64Array;
	readonly quality: Uint8Array;
	/** Row to text, for values a double cannot hold (strings, 64-bit integers, JSON). */
	readonly texts: ReadonlyMap<number, string>;
}

export interface Sample {
	tag: number;
	time: Nanos;
	value: Value;
	quality: Quality;
}

/** The value a row holds; null where there is none. */
export function valueAt(batch: SampleBatch, row: number): number | string | null {
	const text = batch.texts.get(row);
	if (text !== undefined) return text;
	const value = batch.values[row] as number;
	return Number.isNaN(value) ? null : value;
}

const low = 0xffff_ffff + 1;

/** Source time of a row in ms since 1970 with a fraction (µs precision), without making a bigint. */
export function msAt(batch: SampleBatch, row: number): number {
	const halves = new Uint32Array(batch.times.buffer, batch.times.byteOffset + row * 8, 2);
	// Little-endian on every platform Node runs on. hi < 2^31, so hi * 2^32 / 1e6 is exact enough for µs.
	return ((halves[1] as number) * low) / 1e6 + (halves[0] as number) / 1e6;
}

/** Collects rows, then hands out an immutable batch. Grows by doubling. */
export class SampleBatchBuilder {
	#tags: Uint32Array;
	#times: BigInt64Array;
	/** The same memory. */
	#halves: Uint32Array;
	#values: Float64Array;
	#quality: Uint8Array;
	#texts = new Map<number, string>();
	#length = 0;

	constructor(capacity = 64) {
		this.#tags = new Uint32Array(capacity);
		this.#times = new BigInt64Array(capacity);
		this.#halves = new Uint32Array(this.#times.buffer);
		this.#values = new Float64Array(capacity);
		this.#quality = new Uint8Array(capacity);
	}

	get length(): number {
		return this.#length;
	}

	add(tag: number, time: Nanos, value: Value, quality: Quality): void {
		if (this.#length === this.#tags.length) this.#grow();
		const row = this.#length++;
		this.#tags[row] = tag;
		this.#times[row] = time;
		this.#quality[row] = quality;
		if (typeof value === "number") this.#values[row] = value;
		else if (typeof value === "boolean") this.#values[row] = value ? 1 : 0;
		else {
			this.#values[row] = Number.NaN;
			if (typeof value === "string") this.#texts.set(row, value);
			else if (typeof value === "bigint") {
				if (value >= -9007199254740991n && value <= 9007199254740991n) this.#values[row] = Number(value);
				else this.#texts.set(row, value.toString());
			}
		}
	}

	/** As `add`, of a time that comes as two halves of 32 bits. */
	addHalves(tag: number, high: number, low: number, value: number | string, quality: number): void {
		if (this.#length === this.#tags.length) this.#grow();
		const row = this.#length++;
		this.#tags[row] = tag;
		// Little-endian on every platform Node runs on.
		this.#halves[row * 2] = low;
		this.#halves[row * 2 + 1] = high;
		this.#quality[row] = quality;
		if (typeof value === "number") this.#values[row] = value;
		else {
			this.#values[row] = Number.NaN;
			this.#texts.set(row, value);
		}
	}

	/** All rows of columns that somebody else filled. */
	append({
		length,
		tags,
		times,
		values,
		quality,
		texts,
	}: Pick<SampleBatch, "length" | "tags" | "times" | "values" | "quality" | "texts">): void {
		const at = this.#length;
		while (at + length > this.#tags.length) this.#grow();
		this.#tags.set(tags, at);
		this.#times.set(times, at);
		this.#values.set(values, at);
		this.#quality.set(quality, at);
		for (const [row, text] of texts) this.#texts.set(at + row, text);
		this.#length = at + length;
	}

	/** Takes what was added; the builder is empty afterwards. `last` defaults to one number a row. */
	take(about: { connection: string; first: number; last?: number; historical?: boolean; readAtMs?: number }): SampleBatch {
		const length = this.#length;
		const batch: SampleBatch = {
			connection: about.connection,
			first: about.first,
			last: about.last ?? about.first + length - 1,
			historical: about.historical ?? false,
			readAtMs: about.readAtMs ?? Number.NaN,
			length,
			tags: this.#tags.slice(0, length),
			times: this.#times.slice(0, length),
			values: this.#values.slice(0, length),
			quality: this.#quality.slice(0, length),
			texts: this.#texts,
		};
		this.#length = 0;
		this.#texts = new Map();
		return batch;
	}

	#grow(): void {
		const capacity = Math.max(64, this.#tags.length * 2);
		const wider = <T extends { set(from: T): void }>(to: T, from: T): T => {
			to.set(from);
			return to;
		};
		this.#tags = wider(new Uint32Array(capacity), this.#tags);
		this.#times = wider(new BigInt64Array(capacity), this.#times);
		this.#halves = new Uint32Array(this.#times.buffer);
		this.#values = wider(new Float64Array(capacity), this.#values);
		this.#quality = wider(new Uint8Array(capacity), this.#quality);
	}
}
