import { asMillwrightError, type Clock, encodeBatch, type SampleBatch, type Timer } from "@millwright/core";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { Lane } from "./lane.ts";
import type { RingLink } from "./link.ts";
import type { LaneCounts, LaneState, RingAnswer, RingBatch, RingSettings } from "./messages.ts";
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
	const pending: SampleBatch[] = [];
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
		commitAfter(Math.max(0, beganAt + settings().group - clock.monotonicMs()));
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

	/** As much as one commit may carry. */
	function take(): SampleBatch[] {
		for (const lane of lanes.values()) pending.push(...lane.takeSealed());
		const most = trouble.isOn ? carefulRows : commitRows;
		let rows = 0;
		let count = 0;
		for (const batch of pending) {
			if (count > 0 && rows + batch.length > most) break;
			rows += batch.length;
			count++;
		}
		return pending.slice(0, count);
	}

	async function commitOn(to: RingLink): Promise<void> {
		isCommitting = true;
		beganAt = clock.monotonicMs();
		const taken = take();
		const bytes = taken.map(encodeBatch);
		const nowMs = clock.nowMs();
		const acknowledging = acknowledgements.take();
		const withTags = beganAt - tagCountsAt >= tagCountsEveryMs || isEnding;
		if (withTags) tagCountsAt = beganAt;
		const counted = [...lanes.values()];
		const { keep, maxBytes } = settings();
		const answer = await to
			.ask(
				{
					type: "commit",
					nowMs,
					batches: taken.map(
						({ connection, first, last }, i): RingBatch => ({
							connection,
							first,
							last,
							firstMs: nowMs,
							bytes: bytes[i] as Uint8Array,
						}),
					),
					acknowledged: acknowledging.map((lane): [string, number] => [lane.connection, lane.acknowledged]),
					counts: counted.map((lane): [string, LaneCounts] => [lane.connection, lane.counts]),
					// Numbers below `next` are in the packed counts or are counted again from the batches themselves.
					tagCounts: withTags
						? counted.flatMap((lane): [string, Uint8Array, number][] =>
								lane.tagCounts ? [[lane.connection, lane.tagCounts(), lane.committed + 1]] : [],
							)
						: [],
					longestOutageMs: acknowledgements.longestOutageMs,
					keepMs: keep,
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
			committed(answer);
			pending.splice(0, taken.length);
			for (const batch of taken) arrived(batch);
			if (pending.length > 0 || [...lanes.values()].some((lane) => lane.hasRows)) schedule();
			return;
		}
		for (const lane of acknowledging) acknowledgements.putBack(lane);
		if (answer.type === "failed") {
			if (answer.quarantined === undefined) trouble.cannotWrite(answer);
			else putAside(answer.quarantined);
		}
		commitAfter(Math.max(settings().group, retryMs));
	}

	return {
		schedule,
		/** Called every second: counts and acknowledgements without rows are written too. */
		tick(): void {
			const counted = [...lanes.values()].reduce(
				(sum, { counts }) => sum + counts.read + counts.overflowed,
				acknowledgements.unwritten,
			);
			const rested = clock.monotonicMs() - beganAt;
			if (timer || isCommitting || rested < idleCommitMs || (counted === countedBefore && rested < restingCommitMs)) return;
			countedBefore = counted;
			void commit();
		},
		/** The thread died between writing and saying so: what the file has is durable. */
		found({ connection, next }: LaneState): void {
			for (let i = 0; i < pending.length; ) {
				const batch = pending[i] as SampleBatch;
				if (batch.connection === connection && batch.last < next) {
					pending.splice(i, 1);
					arrived(batch);
				} else i++;
			}
		},
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
		figures: () => ({ commits, lastCommitMs }),
	};
}
export type Writing = ReturnType<typeof createWriting>;
