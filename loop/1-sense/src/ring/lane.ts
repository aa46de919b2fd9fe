import {
	type Nanos,
	type NumberRange,
	type Quality,
	type SampleBatch,
	SampleBatchBuilder,
	SequenceSet,
	type Value,
} from "@millwright/core";
import type { RowSink } from "../pipeline/stage.ts";
import { emptyBatch } from "./empty-batch.ts";
import type { LaneCounts, LaneState } from "./messages.ts";

/** Ranges of acknowledged numbers apart from each other that are remembered. */
const mostPieces = 5000;
/** Rows that close a batch before its commit is due, so that no message gets too large. */
const batchRows = 4096;

/** How the ring is told, and how much may wait in memory; shared by all lanes. */
export interface LaneKeeper {
	/** Rows not yet durable, over all lanes. */
	waitingRows: number;
	readonly mostWaitingRows: number;
	dirty(lane: Lane): void;
}

/** A numbered batch, and the counts that go with it and all before it. One without rows covers numbers whose rows were lost. */
export interface Sealed {
	batch: SampleBatch;
	counts: LaneCounts;
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
	/** Up to this moment. */
	readonly counts: LaneCounts = { read: 0, filtered: 0, rejected: 0, made: 0 };
	/** As of the newest commit: what the ledger shows, because it agrees with `committed`. */
	written: LaneCounts = { read: 0, filtered: 0, rejected: 0, made: 0 };
	/** Number at which counting began. */
	begin = 0;
	/** Number of the next row to be sealed; unknown until the ring is open. */
	next: number | undefined;
	/** Highest number that is durable here. */
	committed = -1;
	/** Highest number handed to the bus. */
	published = -1;
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
	#acknowledged = new SequenceSet();
	readonly #keeper: LaneKeeper;
	#builder = new SampleBatchBuilder();
	#readAtMs = Number.NaN;
	/** Full, not yet numbered. */
	readonly #closed: { rows: SampleBatchBuilder; readAtMs: number; counts: LaneCounts }[] = [];
	readonly #sealed: Sealed[] = [];
	/** Rows, kept or not. */
	#accepted = 0;
	/** Rows for which there was no room, after those in the builder. */
	#unkept = 0;
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
		this.#accepted++;
		if (this.#keeper.waitingRows >= this.#keeper.mostWaitingRows) this.#unkept++;
		else {
			this.#builder.add(tag, time, value, quality);
			this.#keeper.waitingRows++;
		}
		this.touch();
	}

	/** Rows for which there is room: all at once. */
	addAll(rows: Pick<SampleBatch, "length" | "tags" | "times" | "values" | "quality" | "texts">): void {
		this.#accepted += rows.length;
		this.#builder.append(rows);
		this.#keeper.waitingRows += rows.length;
		this.touch();
	}

	/** To be called where rows and counts agree: a batch that is large enough is closed. */
	settle(): void {
		if (this.#builder.length >= batchRows) this.#close();
	}

	#close(): void {
		this.#closed.push({ rows: this.#builder, readAtMs: this.#readAtMs, counts: { ...this.counts } });
		this.#builder = new SampleBatchBuilder();
		this.#readAtMs = Number.NaN;
	}

	/** To be called before there is room again: what found none gets its numbers, in order. */
	closeGap(): void {
		if (this.#unkept > 0 && this.next !== undefined) this.#seal();
	}

	/** Something is to be written: rows, counts or an acknowledgement. */
	touch(): void {
		if (this.#isDirty) return;
		this.#isDirty = true;
		this.#keeper.dirty(this);
	}

	/** Everything added so far, numbered; the lane is clean afterwards. */
	takeSealed(): Sealed[] {
		this.#isDirty = false;
		if (this.next === undefined) return [];
		this.#seal();
		return this.#sealed.splice(0);
	}

	#seal(): void {
		if (this.#builder.length > 0) this.#close();
		let next = this.next as number;
		for (const { rows, readAtMs, counts } of this.#closed.splice(0)) {
			const batch = rows.take({ connection: this.connection, first: next, readAtMs });
			next = batch.last + 1;
			this.#sealed.push({ batch, counts });
			// Empty again, and as large as it had to be.
			if (this.#builder.length === 0) this.#builder = rows;
		}
		if (this.#unkept > 0) {
			const batch = emptyBatch(this.connection, next, next + this.#unkept - 1);
			next = batch.last + 1;
			this.#unkept = 0;
			this.#sealed.push({ batch, counts: { ...this.counts } });
		}
		this.next = next;
	}

	/** What the ring knows of this connection from before. */
	opened(state: LaneState | undefined): void {
		this.found ??= state;
		this.next = state?.next ?? 0;
		this.begin = state?.begin ?? 0;
		this.#base = this.next;
		this.committed = this.published = this.next - 1;
		this.#acknowledged = new SequenceSet([{ first: 0, last: state?.acknowledged ?? -1 }, ...(state?.apart ?? [])]);
		this.goneThrough = state?.goneThrough ?? -1;
		this.expired = state?.expired ?? 0;
		this.committedMs = state?.committedMs ?? 0;
		if (!state) return;
		const { read, filtered, rejected, made } = state;
		this.written = { read, filtered, rejected, made };
		// What was counted before the ring was open comes on top.
		this.counts.read += read;
		this.counts.filtered += filtered;
		this.counts.rejected += rejected;
		this.counts.made += made;
		for (const { counts } of this.#closed) {
			counts.read += read;
			counts.filtered += filtered;
			counts.rejected += rejected;
			counts.made += made;
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
		if (batch.length === 0) this.expired += batch.last - batch.first + 1;
		this.onDurable?.(batch);
		const base = this.#base ?? 0;
		for (let next = this.#waiters[0]; next && base + next.index - 1 <= batch.last; next = this.#waiters[0]) {
			this.#waiters.shift();
			next.resolve({ first: base + next.index - next.count, last: base + next.index - 1 });
		}
	}

	/** Are there rows that no commit has taken yet? */
	get hasRows(): boolean {
		return this.#builder.length > 0 || this.#closed.length > 0 || this.#unkept > 0 || this.#sealed.length > 0;
	}

	/** Rows numbered since counting began, up to the newest durable one. */
	get sent(): number {
		return this.committed + 1 - this.begin;
	}

	/** Found no room, and not even that is written down yet. */
	get unkept(): number {
		return this.#sealed.reduce((sum, { batch }) => sum + (batch.length === 0 ? batch.last - batch.first + 1 : 0), this.#unkept);
	}

	/** Everything up to here is acknowledged. */
	get acknowledged(): number {
		return this.#acknowledged.through(0);
	}

	/** Acknowledged beyond that. */
	get apart(): NumberRange[] {
		return this.#acknowledged.ranges().slice(this.acknowledged >= 0 ? 1 : 0);
	}

	/** Both ends inclusive; what is not durable here cannot be meant. False when it says nothing new. */
	acknowledge(first: number, last: number): boolean {
		const set = this.#acknowledged;
		const [from, through] = [Math.max(0, first), Math.min(last, this.committed)];
		// Forgetting a receipt costs one more delivery, remembering them without end costs memory.
		if (from > 0 && set.pieces >= mostPieces && !set.has(from - 1) && !set.has(through + 1)) return false;
		return set.add(from, through).length > 0;
	}

	/** Durable, not acknowledged, gone or not; ascending, at most `limit` ranges that begin at or after `from` or hold it. */
	unacknowledged(from = 0, limit = Number.POSITIVE_INFINITY): NumberRange[] {
		const open: NumberRange[] = [];
		let at = from;
		for (const { first, last } of [...this.#acknowledged.ranges(), { first: this.committed + 1, last: this.committed }]) {
			if (open.length >= limit) break;
			if (first > at) open.push({ first: at, last: first - 1 });
			at = Math.max(at, last + 1);
		}
		return open;
	}

	/** Was anything handed out that this run got, and that nobody has acknowledged? */
	get isOwed(): boolean {
		const [open] = this.unacknowledged(this.#base ?? 0, 1);
		return open !== undefined && open.first <= this.published;
	}

	/** Durable here, not yet acknowledged. */
	get buffered(): number {
		return this.unacknowledged(this.goneThrough + 1).reduce((sum, { first, last }) => sum + last - first + 1, 0);
	}
}
