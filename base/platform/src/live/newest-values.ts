import type { SampleBatch } from "@millwright/core";

export interface LatestValue {
	/** ms since 1970 UTC, with µs in the fraction. */
	time: number;
	value: number | string | null;
	quality: number;
}

const high = 0x1_0000_0000;

/**
 * The newest value of every watched tag, in columns by tag id, and which of them changed since the last frame.
 * The cost of a sample does not depend on how many watch it.
 */
export class NewestValues {
	/** 1 where somebody watches; the first thing asked of every sample. */
	#watched = new Uint8Array(0);
	#known = new Uint8Array(0);
	#times = new Float64Array(0);
	#values = new Float64Array(0);
	#quality = new Uint8Array(0);
	#readAt = new Float64Array(0);
	readonly #texts = new Map<number, string>();
	/** Samples of a tag since the last frame. */
	#changes = new Uint32Array(0);
	#dirty = new Uint32Array(0);
	#dirtyLength = 0;

	watch(tag: number, latest: LatestValue | undefined): void {
		this.#reach(tag);
		this.#watched[tag] = 1;
		if (!latest) return;
		this.#known[tag] = 1;
		this.#times[tag] = latest.time;
		this.#quality[tag] = latest.quality;
		this.#readAt[tag] = 0;
		this.#values[tag] = typeof latest.value === "number" ? latest.value : Number.NaN;
		if (typeof latest.value === "string") this.#texts.set(tag, latest.value);
	}

	unwatch(tag: number): void {
		this.#watched[tag] = 0;
		this.#known[tag] = 0;
		this.#texts.delete(tag);
	}

	isKnown(tag: number): boolean {
		return this.#known[tag] === 1;
	}

	apply(batch: SampleBatch): void {
		const { tags, values, quality, texts, length } = batch;
		const watched = this.#watched;
		const limit = watched.length;
		// Both halves of each time at once; core's `msAt` would make a view per row. Same formula.
		const halves = new Uint32Array(batch.times.buffer, batch.times.byteOffset, length * 2);
		const readAt = Number.isNaN(batch.readAtMs) ? 0 : batch.readAtMs;
		const hasTexts = texts.size > 0;
		for (let row = 0; row < length; row++) {
			const tag = tags[row] as number;
			if (tag >= limit || watched[tag] === 0) continue;
			this.#times[tag] = ((halves[row * 2 + 1] as number) * high) / 1e6 + (halves[row * 2] as number) / 1e6;
			this.#values[tag] = values[row] as number;
			this.#quality[tag] = quality[row] as number;
			this.#readAt[tag] = readAt;
			this.#known[tag] = 1;
			const text = hasTexts ? texts.get(row) : undefined;
			if (text !== undefined) this.#texts.set(tag, text);
			else if (this.#texts.size > 0) this.#texts.delete(tag);
			const changes = this.#changes[tag] as number;
			if (changes === 0) this.#dirty[this.#dirtyLength++] = tag;
			this.#changes[tag] = changes + 1;
		}
	}

	/** Every tag that changed since the last time, with the number of its samples. */
	takeChanges(each: (tag: number, samples: number) => void): void {
		const length = this.#dirtyLength;
		this.#dirtyLength = 0;
		for (let i = 0; i < length; i++) {
			const tag = this.#dirty[i] as number;
			const samples = this.#changes[tag] as number;
			this.#changes[tag] = 0;
			if (this.#watched[tag]) each(tag, samples);
		}
	}

	timeOf = (tag: number): number => Math.round((this.#times[tag] as number) * 1000) / 1000;
	qualityOf = (tag: number): number => this.#quality[tag] as number;
	readAtOf = (tag: number): number => this.#readAt[tag] as number;
	contentOf = (tag: number): number | string | null => {
		const value = this.#values[tag] as number;
		if (!Number.isNaN(value)) return Number.isFinite(value) ? value : null;
		return this.#texts.get(tag) ?? null;
	};

	#reach(tag: number): void {
		if (tag < this.#watched.length) return;
		const length = Math.max(1024, 2 ** Math.ceil(Math.log2(tag + 1)));
		const wider = <T extends { set(from: T): void }>(to: T, from: T): T => {
			to.set(from);
			return to;
		};
		this.#watched = wider(new Uint8Array(length), this.#watched);
		this.#known = wider(new Uint8Array(length), this.#known);
		this.#times = wider(new Float64Array(length), this.#times);
		this.#values = wider(new Float64Array(length), this.#values);
		this.#quality = wider(new Uint8Array(length), this.#quality);
		this.#readAt = wider(new Float64Array(length), this.#readAt);
		this.#changes = wider(new Uint32Array(length), this.#changes);
		this.#dirty = wider(new Uint32Array(length), this.#dirty);
	}
}
