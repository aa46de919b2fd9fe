import { type EnvelopeLane, encodeBatch, type NumberRange, type SampleBatch, SequenceSet } from "@millwright/core";
import { without } from "../gateways/number-ranges.ts";

/** A batch on its way up, encoded. */
export interface Parcel {
	lane: EnvelopeLane;
	first: number;
	last: number;
	rows: number;
	bytes: Uint8Array;
	/** Wall ms of its source; orders what waits. */
	atMs: number;
}

interface Flying {
	parcel: Parcel;
	sentAtMs: number;
}

export function parcelOf(batch: SampleBatch, lane: EnvelopeLane): Parcel {
	const time = batch.length > 0 ? Number((batch.times[0] as bigint) / 1_000_000n) : 0;
	return { lane, first: batch.first, last: batch.last, rows: batch.length, bytes: encodeBatch(batch), atMs: time };
}

/** One connection's way up: what waits live, what is fetched from the store, what is on its way. */
export class UpLane {
	readonly connection: string;
	live: Parcel[] = [];
	backlog: Parcel[] = [];
	asked: Parcel[] = [];
	#flying: Flying[] = [];
	/** The last number sent in each lane of this line; -1 for none. */
	after: Record<EnvelopeLane, number> = { live: -1, backlog: -1, asked: -1 };
	flyingRows = 0;
	flyingBytes = 0;
	liveRows = 0;
	/** Source time of what was fetched last; orders lanes of one priority. */
	backlogAtMs = Number.NEGATIVE_INFINITY;
	/** Numbers up to here the centre has from another ring than this machine's: they are not to be sent, nor taken for confirmed. */
	floor = -1;
	/** Numbers that were safe at the centre and are there no more, as it said when the line began. */
	lost: NumberRange[] = [];

	/** The store cannot give these parcels once more as they were: what is lost on the way is sent from here again. */
	readonly #isMadeHere: boolean;

	constructor(connection: string, { isMadeHere = false }: { isMadeHere?: boolean } = {}) {
		this.connection = connection;
		this.#isMadeHere = isMadeHere;
	}

	queueLive(parcel: Parcel): void {
		this.live.push(parcel);
		this.liveRows += parcel.rows;
	}

	/** The oldest that waits live stays in the store and goes up later. */
	dropLive(): Parcel | undefined {
		const dropped = this.live.shift();
		if (dropped) this.liveRows -= dropped.rows;
		return dropped;
	}

	sent(parcel: Parcel, nowMs: number): void {
		this.after[parcel.lane] = parcel.last;
		this.#flying.push({ parcel, sentAtMs: nowMs });
		this.flyingRows += parcel.rows;
		this.flyingBytes += parcel.bytes.length;
	}

	/** What is confirmed by these ranges leaves; answers with its rows. */
	confirmed(stored: SequenceSet): number {
		return this.#leave(({ parcel }) => stored.covers(parcel.first, parcel.last));
	}

	/** Given up as lost on the way: the store still has it, so it goes up again. */
	giveUp(isLost: (parcel: Parcel, sentAtMs: number) => boolean): number {
		return this.#leave(({ parcel, sentAtMs }) => {
			if (!isLost(parcel, sentAtMs)) return false;
			if (parcel.lane === "asked") this.asked.push(parcel);
			else if (this.#isMadeHere) this.queueLive(parcel);
			return true;
		});
	}

	#leave(leaves: (flying: Flying) => boolean): number {
		let rows = 0;
		const stays: Flying[] = [];
		for (const one of this.#flying) {
			if (!leaves(one)) {
				stays.push(one);
				continue;
			}
			rows += one.parcel.rows;
			this.flyingRows -= one.parcel.rows;
			this.flyingBytes -= one.parcel.bytes.length;
		}
		this.#flying = stays;
		return rows;
	}

	get oldestSentMs(): number | undefined {
		return this.#flying[0]?.sentAtMs;
	}

	/** Numbers that wait here or are on their way, so that they are not fetched once more. */
	claimed(): NumberRange[] {
		return new SequenceSet([...this.live, ...this.backlog, ...this.#flying.map(({ parcel }) => parcel)]).ranges();
	}

	/** What the store holds for the centre that nobody here takes care of. */
	owed(unacknowledged: readonly NumberRange[]): NumberRange[] {
		return without(unacknowledged, [{ first: 0, last: this.floor }, ...this.claimed().filter(({ last }) => last > this.floor)]);
	}

	/** The line is gone: everything not confirmed is the store's again. */
	reset(): void {
		this.live = [];
		this.backlog = [];
		this.asked = [];
		this.#flying = [];
		this.after = { live: -1, backlog: -1, asked: -1 };
		this.flyingRows = 0;
		this.flyingBytes = 0;
		this.liveRows = 0;
	}
}
