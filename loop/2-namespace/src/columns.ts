import type { SampleBatch } from "@millwright/core";

const minuteMs = 60_000;

/** The newest value of each tag by tag id, in columns: a hundred thousand tags cost a few megabytes and no garbage. */
export class TagColumns {
	/** Source time in ns as two halves, low first, so that comparing and copying makes no bigint. */
	#times = new Uint32Array(2048);
	values = new Float64Array(1024);
	quality = new Uint8Array(1024);
	/** Sequence number; -1 before the first value. */
	sequence = new Float64Array(1024).fill(-1);
	historical = new Uint8Array(1024);
	texts = new Map<number, string>();
	#minute = new Uint32Array(1024);
	#thisMinute = new Uint32Array(1024);
	#lastMinute = new Uint32Array(1024);

	ensure(id: number): void {
		if (id < this.values.length) return;
		let size = this.values.length;
		while (size <= id) size *= 2;
		const wider = <T extends { set(from: T): void }>(to: T, from: T): T => {
			to.set(from);
			return to;
		};
		this.#times = wider(new Uint32Array(size * 2), this.#times);
		this.values = wider(new Float64Array(size), this.values);
		this.quality = wider(new Uint8Array(size), this.quality);
		this.sequence = wider(new Float64Array(size).fill(-1), this.sequence);
		this.historical = wider(new Uint8Array(size), this.historical);
		this.#minute = wider(new Uint32Array(size), this.#minute);
		this.#thisMinute = wider(new Uint32Array(size), this.#thisMinute);
		this.#lastMinute = wider(new Uint32Array(size), this.#lastMinute);
	}

	has(id: number): boolean {
		return id < this.values.length && (this.sequence[id] as number) >= 0;
	}

	/** Halves of a batch's times, for `isOlder` and `set`. */
	static halves(batch: SampleBatch): Uint32Array {
		return new Uint32Array(batch.times.buffer, batch.times.byteOffset, batch.length * 2);
	}

	/** Is this row older than what the tag holds? Times before 1970 do not occur. */
	isOlder(id: number, halves: Uint32Array, row: number): boolean {
		const high = halves[row * 2 + 1] as number;
		const held = this.#times[id * 2 + 1] as number;
		return high < held || (high === held && (halves[row * 2] as number) < (this.#times[id * 2] as number));
	}

	set(id: number, batch: SampleBatch, halves: Uint32Array, row: number, sequence: number): void {
		this.#times[id * 2] = halves[row * 2] as number;
		this.#times[id * 2 + 1] = halves[row * 2 + 1] as number;
		this.values[id] = batch.values[row] as number;
		this.quality[id] = batch.quality[row] as number;
		this.sequence[id] = sequence;
		this.historical[id] = batch.historical ? 1 : 0;
		const text = batch.texts.size === 0 ? undefined : batch.texts.get(row);
		if (text !== undefined) this.texts.set(id, text);
		else if (this.texts.size > 0) this.texts.delete(id);
	}

	/** One more message of this tag at this time. */
	count(id: number, nowMs: number): void {
		const minute = Math.floor(nowMs / minuteMs);
		const held = this.#minute[id] as number;
		if (held !== minute) {
			this.#lastMinute[id] = held === minute - 1 ? (this.#thisMinute[id] as number) : 0;
			this.#thisMinute[id] = 0;
			this.#minute[id] = minute;
		}
		this.#thisMinute[id] = (this.#thisMinute[id] as number) + 1;
	}

	/** Messages in the last full minute. */
	perMinute(id: number, nowMs: number): number {
		const minute = Math.floor(nowMs / minuteMs);
		const held = this.#minute[id];
		if (held === minute) return this.#lastMinute[id] ?? 0;
		return held === minute - 1 ? (this.#thisMinute[id] ?? 0) : 0;
	}

	timeOf(id: number): bigint {
		return (BigInt(this.#times[id * 2 + 1] as number) << 32n) | BigInt(this.#times[id * 2] as number);
	}

	/** Whole ms since 1970. */
	msOf(id: number): number {
		return Math.floor(((this.#times[id * 2 + 1] as number) * 0x1_0000_0000) / 1e6 + (this.#times[id * 2] as number) / 1e6);
	}

	/** Null where there is none. */
	valueOf(id: number): number | string | null {
		const text = this.texts.get(id);
		if (text !== undefined) return text;
		const value = this.values[id];
		return value === undefined || Number.isNaN(value) ? null : value;
	}

	forget(id: number): void {
		this.sequence[id] = -1;
		this.texts.delete(id);
		this.#times[id * 2] = 0;
		this.#times[id * 2 + 1] = 0;
	}
}
