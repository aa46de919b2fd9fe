/** One live value as a component reads it. */
export interface LiveReading {
	value: number | string | null;
	/** Source time, ms since 1970; 0 when nothing was heard yet. */
	at: number;
	quality: number;
	/** Source time of the newest good value, 0 when there was none. */
	lastGoodAt: number;
}

const wider = <T extends { set(from: T): void }>(to: T, from: T): T => {
	to.set(from);
	return to;
};

/** Newest values in columns, one row a tag; rows are reused when a tag is let go, so memory follows what is watched. */
export class LiveSlots {
	#slotOf = new Map<string, number>();
	#used = 0;
	#free: number[] = [];
	#values = new Float64Array(256);
	#times = new Float64Array(256);
	#goodAt = new Float64Array(256);
	#quality = new Uint8Array(256);
	#versions = new Uint32Array(256);
	#texts = new Map<number, string>();

	get size(): number {
		return this.#slotOf.size;
	}

	slotOf(tag: string): number | undefined {
		return this.#slotOf.get(tag);
	}

	take(tag: string): number {
		const known = this.#slotOf.get(tag);
		if (known !== undefined) return known;
		const slot = this.#free.pop() ?? this.#used++;
		if (slot >= this.#values.length) this.#grow();
		this.#slotOf.set(tag, slot);
		this.#values[slot] = Number.NaN;
		this.#times[slot] = 0;
		this.#goodAt[slot] = 0;
		this.#quality[slot] = 0x80;
		this.#texts.delete(slot);
		return slot;
	}

	release(tag: string): void {
		const slot = this.#slotOf.get(tag);
		if (slot === undefined) return;
		this.#slotOf.delete(tag);
		this.#texts.delete(slot);
		this.#free.push(slot);
	}

	set(slot: number, value: number | string | null, at: number, quality: number): void {
		this.#times[slot] = at;
		this.#quality[slot] = quality;
		if (quality < 0x40) this.#goodAt[slot] = at;
		if (typeof value === "number") this.#values[slot] = value;
		else this.#values[slot] = Number.NaN;
		if (typeof value === "string") this.#texts.set(slot, value);
		else this.#texts.delete(slot);
		this.#versions[slot] = ((this.#versions[slot] as number) + 1) >>> 0;
	}

	/** Changes with every value; 0 for a tag nobody watches. */
	version(tag: string): number {
		const slot = this.#slotOf.get(tag);
		return slot === undefined ? 0 : (this.#versions[slot] as number);
	}

	read(tag: string): LiveReading | undefined {
		const slot = this.#slotOf.get(tag);
		if (slot === undefined || this.#times[slot] === 0) return undefined;
		const value = this.#values[slot] as number;
		return {
			value: this.#texts.get(slot) ?? (Number.isNaN(value) ? null : value),
			at: this.#times[slot] as number,
			quality: this.#quality[slot] as number,
			lastGoodAt: this.#goodAt[slot] as number,
		};
	}

	#grow(): void {
		const capacity = this.#values.length * 2;
		this.#values = wider(new Float64Array(capacity), this.#values);
		this.#times = wider(new Float64Array(capacity), this.#times);
		this.#goodAt = wider(new Float64Array(capacity), this.#goodAt);
		this.#quality = wider(new Uint8Array(capacity), this.#quality);
		this.#versions = wider(new Uint32Array(capacity), this.#versions);
	}
}
