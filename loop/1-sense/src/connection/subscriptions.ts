import { type Clock, type ItemSession, isBad, isGood, type Log, Quality } from "@millwright/core";
import type { Arrivals } from "./arrivals.ts";
import { chunksOf, takeReading } from "./poll-items.ts";
import type { Request } from "./requests.ts";
import type { Intake, TagState } from "./tag-state.ts";

const firstRetryMs = 10_000;
const longestRetryMs = 10 * 60_000;
/** Without any sign of life for so long the far end is gone, whatever the socket says. */
const silentMs = 15_000;

interface Subscription {
	tags: TagState[];
	aliveAt: number;
	samplingMs: number;
	stop(): Promise<void>;
}

/** Changes as a machine sends them. Items it refuses are asked for again now and then, without touching the others. */
export function createSubscriptions({
	tags,
	session,
	request,
	intake,
	arrivals,
	clock,
	log,
	signal,
	lose,
}: {
	tags: readonly TagState[];
	session: ItemSession<unknown>;
	request: Request;
	intake: Intake;
	arrivals: Arrivals;
	clock: Clock;
	log: Log;
	signal: AbortSignal;
	lose(reason: Error): void;
}) {
	const ownerOf = new Map<TagState, Subscription>();
	const refused = new Map<TagState, { askAt: number; wait: number }>();
	let isRetrying = false;

	const refuse = (tag: TagState): void => {
		const wait = Math.min(longestRetryMs, (refused.get(tag)?.wait ?? firstRetryMs / 2) * 2);
		refused.set(tag, { wait, askAt: clock.monotonicMs() + wait });
	};

	async function subscribe(chunk: TagState[], samplingMs: number): Promise<void> {
		const made: Subscription = { tags: chunk, aliveAt: clock.monotonicMs(), samplingMs, stop: async () => {} };
		/** The first value of an item may have stood there for days. */
		const isBegun = new Uint8Array(chunk.length);
		for (const tag of chunk) ownerOf.set(tag, made);
		try {
			const { stop } = await request((within) =>
				Promise.resolve(
					session.subscribe?.(
						chunk.map((tag) => tag.address),
						{ samplingMs },
						(index, reading) => {
							const tag = chunk[index];
							// After the end, or from a subscription that was replaced.
							if (signal.aborted || !tag || ownerOf.get(tag) !== made) return;
							made.aliveAt = clock.monotonicMs();
							const now = clock.now();
							intake.readAt(Number(now) / 1e6);
							if (isBegun[index] && typeof reading?.time === "bigint" && !isBad(reading.quality))
								arrivals.add(Number(now - reading.time) / 1e6);
							isBegun[index] = 1;
							takeReading(intake, tag, reading, clock, made.aliveAt);
							if (reading?.quality === Quality.badConfiguration) refuse(tag);
							else if (isGood(reading?.quality ?? Quality.bad)) refused.delete(tag);
						},
						() => {
							made.aliveAt = clock.monotonicMs();
						},
						within,
					),
				).then((subscription) => {
					if (!subscription) throw new Error("this machine cannot subscribe");
					return subscription;
				}),
			);
			made.stop = stop;
		} catch (thrown) {
			if (signal.aborted) return;
			const reason = thrown instanceof Error ? thrown.message : String(thrown);
			const now = clock.now();
			for (const tag of chunk) {
				if (ownerOf.get(tag) === made) ownerOf.delete(tag);
				refuse(tag);
				intake.take(tag, null, now, Number(now) / 1e6, Quality.badDevice, reason, clock.monotonicMs());
			}
			log.warn("A subscription was refused and will be tried again", { items: chunk.length, reason });
		}
	}

	return {
		async start(): Promise<void> {
			for (const [samplingMs, group] of Map.groupBy(tags, (tag) => tag.everyMs))
				for (const chunk of chunksOf(group)) await subscribe(chunk, samplingMs);
			if (tags.length > 0 && ownerOf.size === 0 && !signal.aborted) lose(new Error("The machine refused every subscription"));
		},
		/** Called twice a second. */
		async tend(): Promise<void> {
			const now = clock.monotonicMs();
			for (const subscription of new Set(ownerOf.values())) {
				const silence = now - subscription.aliveAt;
				if (silence < Math.max(silentMs, subscription.samplingMs * 3)) continue;
				lose(new Error(`The subscription was silent for ${Math.round(silence / 1000)} s`));
				return;
			}
			if (isRetrying) return;
			const due = [...refused].filter(([, { askAt }]) => askAt <= now).map(([tag]) => tag);
			if (due.length === 0) return;
			isRetrying = true;
			try {
				for (const [samplingMs, group] of Map.groupBy(due, (tag) => tag.everyMs))
					for (const chunk of chunksOf(group)) {
						for (const tag of chunk) refuse(tag);
						const before = new Set(chunk.map((tag) => ownerOf.get(tag)));
						await subscribe(chunk, samplingMs);
						// A subscription that nobody owns any more has nothing to say.
						for (const old of before) if (old && ![...ownerOf.values()].includes(old)) await old.stop().catch(() => {});
					}
			} finally {
				isRetrying = false;
			}
		},
		/** Steady ms of the last proof that the tag is still watched. */
		aliveAt: (tag: TagState): number =>
			refused.has(tag) ? Number.NEGATIVE_INFINITY : (ownerOf.get(tag)?.aliveAt ?? Number.NEGATIVE_INFINITY),
		async stop(): Promise<void> {
			const all = new Set(ownerOf.values());
			ownerOf.clear();
			await Promise.allSettled([...all].map((subscription) => subscription.stop()));
		},
	};
}
export type Subscriptions = ReturnType<typeof createSubscriptions>;
