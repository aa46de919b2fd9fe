const kept = 8192;

/**
 * How old the newest values are when they reach the eye: from the driver's read to the painted frame, in ms, with the
 * server's clock brought to ours. A ring, so that a wall screen may run for years.
 */
export class FrameMeter {
	#ring = new Float64Array(kept);
	#at = new Float64Array(kept);
	#count = 0;
	#skipped = 0;

	/** Painted frames since the page was opened. */
	get frames(): number {
		return this.#count;
	}

	/** Values the server overtook by newer ones because this screen or its line is slow. */
	get skipped(): number {
		return this.#skipped;
	}

	add(ms: number, at: number): void {
		this.#ring[this.#count % kept] = ms;
		this.#at[this.#count % kept] = at;
		this.#count++;
	}

	skip(values: number): void {
		this.#skipped += values;
	}

	reset(): void {
		this.#count = 0;
		this.#skipped = 0;
	}

	/** Quantile over the kept frames painted at or after `since` (ms, the page's wall clock); NaN without any. */
	quantile(q: number, since = 0): number {
		const length = Math.min(this.#count, kept);
		const chosen: number[] = [];
		for (let i = 0; i < length; i++) if ((this.#at[i] as number) >= since) chosen.push(this.#ring[i] as number);
		if (chosen.length === 0) return Number.NaN;
		chosen.sort((a, b) => a - b);
		return chosen[Math.min(chosen.length - 1, Math.ceil(q * chosen.length) - 1)] as number;
	}
}
