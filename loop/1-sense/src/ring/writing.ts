import { asMillwrightError, type Clock, encodeBatch, type SampleBatch, type Timer } from "@millwright/core";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { Lane, Sealed } from "./lane.ts";
import type { RingLink } from "./link.ts";
import type { LaneCarry, LaneCounts, LaneState, RingAnswer, RingBatch, RingSettings } from "./messages.ts";
import { sourceSpan } from "./rows.ts";
import type { Trouble } from "./trouble.ts";

type Committed = Extract<RingAnswer, { type: "committed" }>;
type Failed = Extract<RingAnswer, { type: "failed" }>;

/** Rows a single commit may carry; more wait for the next. */
const commitRows = 100_000;
/** While the disk makes trouble. */
const carefulRows = 4096;
const tagCountsEveryMs = 2000;
const idleCommitMs = 1000;
/** With nothing new, old rows still have to go. */
const restingCommitMs = 30_000;
const retryMs = 1000;

/** Rows of all lanes into the file: many in one commit, one commit at a time, again after a failure. */
export function createWriting({
	lanes,
	acknowledgements,
	trouble,
	link,
	settings,
	clock,
	committed,
	putAside,
	arrived,
}: {
	lanes: ReadonlyMap<string, Lane>;
	acknowledgements: Acknowledgements;
	trouble: Trouble;
	link: () => RingLink | undefined;
	settings: () => RingSettings;
	clock: Clock;
	/** Before the rows of the commit arrive. */
	committed(answer: Committed): void;
	/** The file broke under the commit; its rows go into the fresh one. */
	putAside(aside: string): void;
	/** A batch is durable. */
	arrived(batch: SampleBatch): void;
}) {
	/** Numbered, not yet durable. */
	const pending: Sealed[] = [];
	/** Lanes of which a fresh file knows nothing yet. */
	const unknown = new Set<Lane>();
	let timer: Timer | undefined;
	let isCommitting = false;
	let isEnding = false;
	let committing: Promise<void> | undefined;
	let beganAt = Number.NEGATIVE_INFINITY;
	let tagCountsAt = Number.NEGATIVE_INFINITY;
	let countedBefore = 0;
	let commits = 0;
	let lastCommitMs = 0;

	function schedule(): void {
		if (isCommitting || timer || !link()) return;
		const wait = beganAt + settings().group - clock.monotonicMs();
		if (wait > 0) commitAfter(wait);
		else commitSoon();
	}

	/** With all that this turn of the event loop still brings; a timer would take a millisecond or two more. */
	function commitSoon(): void {
		const turn = setImmediate(() => {
			timer = undefined;
			void commit();
		});
		timer = { cancel: () => clearImmediate(turn) };
	}

	function commitAfter(ms: number): void {
		timer ??= clock.after(ms, () => {
			timer = undefined;
			void commit();
		});
	}

	function commit(): Promise<void> {
		const to = link();
		if (!isCommitting && to) committing = commitOn(to);
		return committing ?? Promise.resolve();
	}

	/** As much as one commit may carry, and every connection's counts as they are with it. */
	function take(): { taken: Sealed[]; counts: Map<string, LaneCounts> } {
		for (const lane of lanes.values()) pending.push(...lane.takeSealed());
		const most = trouble.isOn ? carefulRows : commitRows;
		let rows = 0;
		let count = 0;
		for (const { batch } of pending) {
			// A gap goes with the rows before it: their counts know of it.
			if (count > 0 && batch.length > 0 && rows + batch.length > most) break;
			rows += batch.length;
			count++;
		}
		const taken = pending.slice(0, count);
		const counts = new Map(taken.map(({ batch, counts: then }) => [batch.connection, then]));
		const waiting = new Set(pending.slice(count).map(({ batch }) => batch.connection));
		for (const lane of lanes.values())
			if (!waiting.has(lane.connection) && (unknown.has(lane) || !isSame(lane.counts, lane.written)))
				counts.set(lane.connection, { ...lane.counts });
		return { taken, counts };
	}

	async function commitOn(to: RingLink): Promise<void> {
		isCommitting = true;
		beganAt = clock.monotonicMs();
		const { taken, counts } = take();
		const bytes = taken.map(({ batch }) => (batch.length > 0 ? encodeBatch(batch) : new Uint8Array(0)));
		const nowMs = clock.nowMs();
		const acknowledging = acknowledgements.take();
		const carrying = [...unknown];
		unknown.clear();
		const withTags = beganAt - tagCountsAt >= tagCountsEveryMs || isEnding;
		if (withTags) tagCountsAt = beganAt;
		const { keep, keepAcknowledged, maxBytes } = settings();
		const answer = await to
			.ask(
				{
					type: "commit",
					nowMs,
					batches: taken.map(
						({ batch }, i): RingBatch => ({
							connection: batch.connection,
							first: batch.first,
							last: batch.last,
							firstMs: nowMs,
							...sourceSpan(batch),
							bytes: bytes[i] as Uint8Array,
						}),
					),
					carried: carrying.map((lane): [string, LaneCarry] => [lane.connection, carryOf(lane)]),
					acknowledged: acknowledging.map((lane) => [lane.connection, lane.acknowledged, lane.apart]),
					counts: [...counts],
					// Numbers below `next` are in the packed counts or are counted again from the batches themselves.
					tagCounts: withTags
						? [...lanes.values()].flatMap((lane): [string, Uint8Array, number][] =>
								lane.tagCounts ? [[lane.connection, lane.tagCounts(), lane.committed + 1]] : [],
							)
						: [],
					longestOutageMs: acknowledgements.longestOutageMs,
					keepMs: keep,
					keepAcknowledgedMs: keepAcknowledged,
					maxBytes,
				},
				bytes.map((blob) => blob.buffer as ArrayBuffer),
			)
			.catch((thrown: unknown): Failed => {
				return { type: "failed", id: 0, code: "other", message: asMillwrightError(thrown).message };
			});
		isCommitting = false;
		if (answer.type === "committed") {
			commits++;
			lastCommitMs = answer.ms;
			trouble.written();
			for (const [connection, written] of counts) (lanes.get(connection) as Lane).written = written;
			committed(answer);
			land(pending.splice(0, taken.length));
			if (pending.length > 0 || [...lanes.values()].some((lane) => lane.hasRows)) schedule();
			return;
		}
		for (const lane of acknowledging) acknowledgements.putBack(lane);
		for (const lane of carrying) unknown.add(lane);
		if (answer.type === "failed") {
			if (answer.quarantined === undefined) trouble.cannotWrite(answer);
			else putAside(answer.quarantined);
		}
		commitAfter(Math.max(settings().group, retryMs));
	}

	/** Room is made; whoever found none before gets its numbers first. */
	function land(entries: readonly Sealed[]): void {
		for (const lane of lanes.values()) lane.closeGap();
		for (const { batch } of entries) arrived(batch);
	}

	return {
		schedule,
		/** Called every second: counts and acknowledgements without rows are written too. */
		tick(): void {
			const counted = [...lanes.values()].reduce(
				(sum, { counts: { read, filtered, rejected, made } }) => sum + read + filtered + rejected + made,
				acknowledgements.unwritten,
			);
			const rested = clock.monotonicMs() - beganAt;
			if (timer || isCommitting || rested < idleCommitMs || (counted === countedBefore && rested < restingCommitMs)) return;
			countedBefore = counted;
			void commit();
		},
		/** The thread died between writing and saying so: what the file has is durable. */
		found(lane: Lane, { next, read, filtered, rejected, made }: LaneState): void {
			const isWritten = ({ batch }: Sealed) => batch.connection === lane.connection && batch.last < next;
			const written = pending.filter(isWritten);
			if (written.length === 0) return;
			pending.splice(0, pending.length, ...pending.filter((entry) => !isWritten(entry)));
			lane.written = { read, filtered, rejected, made };
			land(written);
		},
		/** The next commit tells a fresh file what the broken one knew. */
		carry: (lane: Lane): void => void unknown.add(lane),
		/** Everything added is durable, or the disk has had its chance. */
		async end(isWaiting: () => boolean): Promise<void> {
			isEnding = true;
			for (let tries = 0; link() && tries < 4 && (tries === 0 || isWaiting()); tries++) {
				timer?.cancel();
				timer = undefined;
				await committing;
				await commit();
			}
			timer?.cancel();
			timer = undefined;
			isEnding = false;
		},
		/** Rows that found no room, which is not written down yet. */
		lost: (): number =>
			[...lanes.values()].reduce((sum, { unkept }) => sum + unkept, 0) +
			pending.reduce((sum, { batch }) => sum + (batch.length > 0 ? 0 : batch.last - batch.first + 1), 0),
		figures: () => ({ commits, lastCommitMs }),
	};
}

const isSame = (a: LaneCounts, b: LaneCounts): boolean =>
	a.read === b.read && a.filtered === b.filtered && a.rejected === b.rejected && a.made === b.made;

const carryOf = ({ committed, begin, acknowledged, apart, goneThrough, expired }: Lane): LaneCarry => ({
	next: committed + 1,
	begin,
	acknowledged,
	apart,
	goneThrough,
	expired,
});
