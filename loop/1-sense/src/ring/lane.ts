import { type Nanos, type Quality, type SampleBatch, SampleBatchBuilder, type Value } from "@millwright/core";
import type { RowSink } from "../pipeline/stage.ts";
import type { LaneCounts, LaneState } from "./messages.ts";

/** Rows that close a batch before its commit is due, so that no message gets too large. */
const batchRows = 4096;

/** How the ring is told, and how much may wait in memory; shared by all lanes. */
export interface LaneKeeper {
	/** Rows not yet durable, over all lanes. */
	waitingRows: number;
	readonly mostWaitingRows: number;
	dirty(lane: Lane): void;
}

interface Waiter {
	/** Rows accepted up to and including the last awaited one. */
	index: number;
	count: number;
	resolve(range: { first: number; last: number }): void;
}

/** One connection's rows on their way into the ring: takes rows, gives them numbers, knows how far they have come. */
export class Lane implements RowSink {
	readonly connection: string;
	readonly counts: LaneCounts = { read: 0, filtered: 0, rejected: 0, overflowed: 0 };
	/** Number of the next row to be sealed; unknown until the ring is open. */
	next: number | undefined;
	/** Highest number that is durable here. */
	committed = -1;
	/** Highest number handed to the bus. */
	published = -1;
	acknowledged = -1;
	goneThrough = -1;
	expired = 0;
	committedMs = 0;
	/** Live batches wait for the replay to end. */
	isReplaying = false;
	/** Wall ms of the last progress of acknowledgements. */
	progressAt = 0;
	/** How long acknowledgements may make no progress before everything is said again, ms; the first wait when undefined. */
	patienceMs: number | undefined;
	/** An acknowledgement is being timed: the number it has to reach, and since when. */
	mark: { through: number; ms: number } | undefined;
	/** Packed counts of tags, asked for now and then. */
	tagCounts: (() => Uint8Array) | undefined;
	/** Every batch once it is durable. */
	onDurable: ((batch: SampleBatch) => void) | undefined;
	/** As found when the ring opened, for whoever keeps the tags' counts. */
	found: LaneState | undefined;
	readonly sealed: SampleBatch[] = [];
	readonly #keeper: LaneKeeper;
	#builder = new SampleBatchBuilder();
	#readAtMs = Number.NaN;
	#accepted = 0;
	#base: number | undefined;
	#waiters: Waiter[] = [];
	#isDirty = false;

	constructor(connection: string, keeper: LaneKeeper) {
		this.connection = connection;
		this.#keeper = keeper;
	}

	/** Since when the rows that follow are in this process; the oldest of a batch counts. */
	readAt(ms: number): void {
		if (this.#builder.length === 0 || Number.isNaN(this.#readAtMs)) this.#readAtMs = ms;
	}

	add(tag: number, time: Nanos, value: Value, quality: Quality): void {
		if (this.#keeper.waitingRows >= this.#keeper.mostWaitingRows) {
			this.counts.overflowed++;
			return;
		}
		this.#builder.add(tag, time, value, quality);
		this.#keeper.waitingRows++;
		this.#accepted++;
		if (this.#builder.length >= batchRows && this.next !== undefined) this.#seal();
		this.touch();
	}

	/** Something is to be written: rows, counts or an acknowledgement. */
	touch(): void {
		if (this.#isDirty) return;
		this.#isDirty = true;
		this.#keeper.dirty(this);
	}

	/** Everything added so far, numbered; the lane is clean afterwards. */
	takeSealed(): SampleBatch[] {
		this.#isDirty = false;
		if (this.next === undefined) return [];
		if (this.#builder.length > 0) this.#seal();
		return this.sealed.splice(0);
	}

	#seal(): void {
		const first = this.next as number;
		const batch = this.#builder.take({ connection: this.connection, first, readAtMs: this.#readAtMs });
		this.#readAtMs = Number.NaN;
		this.next = batch.last + 1;
		this.sealed.push(batch);
	}

	/** What the ring knows of this connection from before. */
	opened(state: LaneState | undefined): void {
		this.found ??= state;
		this.next = state?.next ?? 0;
		this.#base = this.next;
		this.committed = this.published = this.next - 1;
		this.acknowledged = state?.acknowledged ?? -1;
		this.goneThrough = state?.goneThrough ?? -1;
		this.expired = state?.expired ?? 0;
		this.committedMs = state?.committedMs ?? 0;
		if (state) {
			// What was counted before the ring was open comes on top.
			this.counts.read += state.read;
			this.counts.filtered += state.filtered;
			this.counts.rejected += state.rejected;
			this.counts.overflowed += state.overflowed;
		}
	}

	/** Resolves with the numbers of the last `count` rows once they are durable. */
	durable(count: number): Promise<{ first: number; last: number }> {
		return new Promise((resolve) => this.#waiters.push({ index: this.#accepted, count, resolve }));
	}

	/** A batch is durable. */
	advance(batch: SampleBatch, nowMs: number): void {
		this.committed = batch.last;
		this.committedMs = nowMs;
		this.mark ??= { through: batch.last, ms: nowMs };
		this.#keeper.waitingRows -= batch.length;
		this.onDurable?.(batch);
		const base = this.#base ?? 0;
		for (let next = this.#waiters[0]; next && base + next.index - 1 <= batch.last; next = this.#waiters[0]) {
			this.#waiters.shift();
			next.resolve({ first: base + next.index - next.count, last: base + next.index - 1 });
		}
	}

	/** Are there rows that no commit has taken yet? */
	get hasRows(): boolean {
		return this.#builder.length > 0 || this.sealed.length > 0;
	}

	/** Durable here, not yet acknowledged. */
	get buffered(): number {
		return Math.max(0, this.committed - Math.max(this.acknowledged, this.goneThrough));
	}
}
