import { isBad, isGood, Quality, type SampleBatch, SampleBatchBuilder, valueAt } from "@millwright/core";

/** What goes up instead of a tag's samples: `<tag>.mean` and so on, so that the tag itself stays for samples asked for later. */
export const summaryNames = ["mean", "min", "max", "stddev", "count", "last"] as const;
export type SummaryName = (typeof summaryNames)[number];
/** Ids of a tag's summaries, in the order of `summaryNames`. */
export type SummaryIds = Readonly<Record<SummaryName, number>>;

interface Statistic {
	n: number;
	mean: number;
	squares: number;
	min: number;
	max: number;
	isDoubtful: boolean;
	last: number | string | null;
	lastQuality: Quality;
	count: number;
}

/**
 * Statistics over windows [start, start + width), beginning at multiples since 1970, from rows in order of their numbers. A window
 * ends with the first row of a later one; a row that comes late counts in the open one, so that each counts exactly once
 * and the same numbers always give the same windows. `count` counts every row, the others those that are not bad.
 */
export class WindowSummary {
	readonly #width: number;
	readonly #idsOf: (tag: number) => SummaryIds;
	#open = Number.NaN;
	#first: number;
	#last: number;
	#tags = new Map<number, Statistic>();
	readonly #builder = new SampleBatchBuilder(64);

	constructor({ widthMs, from, idsOf }: { widthMs: number; from: number; idsOf(tag: number): SummaryIds }) {
		this.#width = Math.max(1, widthMs);
		this.#first = from;
		this.#last = from - 1;
		this.#idsOf = idsOf;
	}

	/** The number that comes next. */
	get next(): number {
		return this.#last + 1;
	}

	/** Wall ms at which the open window ends by the sources' clock; NaN when none is open. */
	get endsAtMs(): number {
		return (this.#open + 1) * this.#width;
	}

	/** Takes a batch; answers with the windows that ended by it. */
	add(batch: SampleBatch): { first: number; last: number; summary: SampleBatch }[] {
		const ended: { first: number; last: number; summary: SampleBatch }[] = [];
		if (batch.length === 0) {
			this.#last = batch.last;
			return ended;
		}
		for (let row = 0; row < batch.length; row++) {
			const at = Math.floor(Number((batch.times[row] as bigint) / 1_000_000n) / this.#width);
			if (at > this.#open) {
				const closed = this.close(batch.connection);
				if (closed) ended.push(closed);
			}
			if (Number.isNaN(this.#open)) this.#open = at;
			this.#take(batch, row);
			this.#last = batch.first + row;
		}
		return ended;
	}

	/** Ends the open window now; undefined when nothing is in it. */
	close(connection: string): { first: number; last: number; summary: SampleBatch } | undefined {
		if (Number.isNaN(this.#open)) return undefined;
		const time = BigInt(this.endsAtMs) * 1_000_000n;
		const out = this.#builder;
		for (const [tag, { n, mean, squares, min, max, isDoubtful, last, lastQuality, count }] of this.#tags) {
			const ids = this.#idsOf(tag);
			const trust = isDoubtful ? Quality.uncertainDerived : Quality.good;
			if (n > 0) {
				out.add(ids.mean, time, mean, trust);
				out.add(ids.min, time, min, trust);
				out.add(ids.max, time, max, trust);
				out.add(ids.stddev, time, n > 1 ? Math.sqrt(squares / (n - 1)) : 0, trust);
			}
			out.add(ids.count, time, count, Quality.good);
			out.add(ids.last, time, last, lastQuality);
		}
		const summary = out.take({ connection: `summary:${connection}`, first: this.#first, last: this.#last });
		const closed = { first: this.#first, last: this.#last, summary };
		this.#first = this.#last + 1;
		this.#open = Number.NaN;
		this.#tags = new Map();
		return closed;
	}

	#take(batch: SampleBatch, row: number): void {
		const tag = batch.tags[row] as number;
		let one = this.#tags.get(tag);
		if (!one) {
			one = {
				n: 0,
				mean: 0,
				squares: 0,
				min: Number.POSITIVE_INFINITY,
				max: Number.NEGATIVE_INFINITY,
				isDoubtful: false,
				last: null,
				lastQuality: Quality.good,
				count: 0,
			};
			this.#tags.set(tag, one);
		}
		const value = batch.values[row] as number;
		const quality = batch.quality[row] as number;
		one.count++;
		one.last = valueAt(batch, row);
		one.lastQuality = quality;
		if (!isGood(quality)) one.isDoubtful = true;
		if (isBad(quality) || !Number.isFinite(value)) return;
		one.n++;
		const off = value - one.mean;
		one.mean += off / one.n;
		one.squares += off * (value - one.mean);
		if (value < one.min) one.min = value;
		if (value > one.max) one.max = value;
	}
}
