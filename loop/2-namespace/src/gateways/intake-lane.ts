import { type EnvelopeLane, type NumberRange, type SampleBatch, SequenceSet } from "@millwright/core";
import { countOf, without } from "./number-ranges.ts";

/** Ranges with holes between them that a gateway may make us remember for one connection. */
const mostPieces = 20_000;

interface Held {
	batch: SampleBatch;
	after: number;
	sinceMs: number;
}

/** What came of one connection of a gateway: which numbers, in which order, and what waits for its turn. */
export class IntakeLane {
	readonly gateway: string;
	/** At the gateway. */
	readonly connection: string;
	/** `<gateway>/<connection>`. */
	readonly known: string;
	/** Handed on in this run, or stored before it. */
	#handed: SequenceSet;
	#stored: SequenceSet;
	/** Stored and not yet told. */
	#untold = new SequenceSet();
	/** What overtook its predecessor, by lane, in order of arrival. */
	readonly #held = new Map<EnvelopeLane, Held[]>();
	heldRows = 0;
	received = 0;
	duplicate = 0;
	foreign = 0;
	/** Ranges asked for again, waiting for the next receipt. */
	again: NumberRange[] = [];
	/** Missing when last looked, and since when. */
	#missing: { ranges: NumberRange[]; sinceMs: number } = { ranges: [], sinceMs: 0 };

	constructor(gateway: string, connection: string, known: string, stored: readonly NumberRange[]) {
		this.gateway = gateway;
		this.connection = connection;
		this.known = known;
		this.#handed = new SequenceSet(stored);
		this.#stored = new SequenceSet(stored);
	}

	/** Handed on, and the history has not yet said that it is durable. */
	get isUnderWay(): boolean {
		return this.#handed.size > this.#stored.size;
	}

	/** Nothing of it was ever here. */
	get isEmpty(): boolean {
		return this.received === 0 && this.#handed.size === 0;
	}

	get storedThrough(): number {
		const first = this.#stored.ranges()[0];
		return first?.last ?? -1;
	}

	storedRanges(): NumberRange[] {
		return this.#stored.ranges();
	}

	/** Does this batch come before the one that was sent before it? */
	isEarly(after: number): boolean {
		return after >= 0 && !this.#handed.has(after);
	}

	hold(lane: EnvelopeLane, batch: SampleBatch, after: number, nowMs: number): void {
		let held = this.#held.get(lane);
		if (!held) {
			held = [];
			this.#held.set(lane, held);
		}
		held.push({ batch, after, sinceMs: nowMs });
		this.heldRows += batch.length;
	}

	/** Batches whose turn has come: their predecessor is here, or they have waited since before `until`. */
	release(until: number): SampleBatch[] {
		if (this.heldRows === 0 && this.#held.size === 0) return [];
		const ready: SampleBatch[] = [];
		for (const [lane, held] of this.#held) {
			// What has waited too long goes in order of number, and what waited for it follows.
			held.sort((a, b) => a.batch.first - b.batch.first);
			let went = true;
			while (went) {
				went = false;
				for (let at = 0; at < held.length; at++) {
					const one = held[at] as Held;
					const isDue = one.sinceMs <= until;
					const follows = !this.isEarly(one.after) || ready.some(({ last }) => last === one.after);
					if (!isDue && !follows) continue;
					held.splice(at--, 1);
					this.heldRows -= one.batch.length;
					ready.push(one.batch);
					went = true;
				}
			}
			if (held.length === 0) this.#held.delete(lane);
		}
		return ready;
	}

	/** Counts a batch as handed on; the parts of it that are new, ascending. Undefined: too many holes to remember. */
	take(batch: SampleBatch): NumberRange[] | undefined {
		const { first, last, length } = batch;
		this.received += length;
		if (this.#handed.pieces > mostPieces && !this.#handed.has(first - 1)) return undefined;
		const fresh = this.#handed.add(first, last);
		const whole = fresh.length === 1 && (fresh[0] as NumberRange).first === first && (fresh[0] as NumberRange).last === last;
		if (!whole) {
			this.duplicate += length === last - first + 1 ? length - countOf(fresh) : fresh.length === 0 ? length : 0;
			this.#tellAgain(first, last);
		}
		return fresh;
	}

	/** Comes again because the receipt was lost. */
	#tellAgain(first: number, last: number): void {
		for (const range of this.#stored.ranges()) {
			if (range.last < first) continue;
			if (range.first > last) break;
			this.#untold.add(Math.max(first, range.first), Math.min(last, range.last));
		}
	}

	stored(first: number, last: number): void {
		this.#stored.add(first, last);
		this.#handed.add(first, last);
		this.#untold.add(first, last);
	}

	/** Taken back by the history from a number on: whatever is not stored is wanted again. */
	takeBack(from: number): void {
		const lost = without(this.#handed.ranges(), this.#stored.ranges()).filter(({ last }) => last >= from);
		const wanted = lost.map(({ first, last }) => ({ first: Math.max(first, from), last }));
		this.#handed = new SequenceSet(without(this.#handed.ranges(), wanted));
		this.again.push(...wanted);
	}

	untold(): [number, number][] {
		const told = this.#untold.ranges().map(({ first, last }): [number, number] => [first, last]);
		if (told.length > 0) this.#untold = new SequenceSet();
		return told;
	}

	/** Numbers between the lowest and the highest known that are neither here nor owed. */
	missing(owed: readonly NumberRange[], through: number): NumberRange[] {
		const ranges = this.#handed.ranges();
		const first = ranges[0]?.first;
		if (first === undefined) return [];
		const held = [...this.#held.values()].flat().map(({ batch }) => ({ first: batch.first, last: batch.last }));
		const here = new SequenceSet([...ranges, ...held, ...owed]).ranges();
		const highest = Math.min(through, ranges.at(-1)?.last ?? -1);
		return without([{ first, last: highest }], here);
	}

	/** Asks again for what has been missing all the while since `askAgainMs` ago. */
	look(missing: readonly NumberRange[], nowMs: number, askAgainMs: number): void {
		const same = missing.length > 0 && this.#missing.ranges[0]?.first === missing[0]?.first;
		if (!same) {
			this.#missing = { ranges: [...missing], sinceMs: nowMs };
			return;
		}
		if (nowMs - this.#missing.sinceMs < askAgainMs) return;
		this.again.push(...missing.slice(0, 100));
		this.#missing = { ranges: [...missing], sinceMs: nowMs };
	}
}

/** The rows of a batch that lie in a part of its numbers; only for batches with one row a number. */
export function sliceOf(batch: SampleBatch, part: NumberRange): SampleBatch {
	const from = part.first - batch.first;
	const until = part.last - batch.first + 1;
	const texts = new Map<number, string>();
	for (const [row, text] of batch.texts) if (row >= from && row < until) texts.set(row - from, text);
	return {
		...batch,
		first: part.first,
		last: part.last,
		length: until - from,
		tags: batch.tags.slice(from, until),
		times: batch.times.slice(from, until),
		values: batch.values.slice(from, until),
		quality: batch.quality.slice(from, until),
		texts,
	};
}
