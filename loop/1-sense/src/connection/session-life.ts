import { type Clock, type Driver, type DriverSession, type Log, Quality, type Value } from "@millwright/core";
import type { ConnectionSettings } from "../api.ts";
import type { Refusals } from "../blocks/refusals.ts";
import type { ConnectionFigures } from "./figures.ts";
import { createGate } from "./gate.ts";
import { keepPace } from "./pace.ts";
import { createBlockPoll } from "./poll-blocks.ts";
import { createItemPoll } from "./poll-items.ts";
import { createRequests } from "./requests.ts";
import { createSubscriptions, type Subscriptions } from "./subscriptions.ts";
import { type Intake, isUnheard, mayTurnStale, type TagState } from "./tag-state.ts";
import { settledWithin } from "./within.ts";

/** How often freshness is looked at, ms. */
const tickMs = 500;
/** A look later than this says that this process stood still, ms. */
const stallMs = 500;

export interface LiveSession {
	/** One value now, past the pipeline. Rejects with the device's reason. */
	read(tag: TagState): Promise<Value>;
	write(tag: TagState, raw: Value): Promise<void>;
	readonly canWrite: boolean;
	/** Steady ms of the last proof that a value nobody sends again still holds. */
	aliveAt(tag: TagState): number;
}

/**
 * All the work of one open session: polls or subscriptions, and the watch over freshness. Settles when the signal is aborted, and
 * after `winding` is: then nothing new is asked, and what was asked is still taken.
 */
export async function liveWith({
	session,
	driver,
	tags,
	settings,
	refusals,
	intake,
	qualityAt,
	clock,
	log,
	signal,
	winding,
	figures,
	lose,
	ready,
}: {
	session: DriverSession<unknown>;
	driver: Driver;
	tags: readonly TagState[];
	settings: ConnectionSettings;
	refusals: Refusals;
	intake: Intake;
	qualityAt(ms: number): Quality;
	clock: Clock;
	log: Log;
	signal: AbortSignal;
	winding: AbortSignal;
	figures: ConnectionFigures;
	lose(reason: Error): void;
	ready(live: LiveSession): void;
}): Promise<void> {
	const openedAt = clock.monotonicMs();
	const gate = createGate({ limit: settings.inFlight, pauseMs: settings.pause, clock });
	const request = createRequests({ timeoutMs: settings.timeout, gate, clock, signal, figures, lose });
	const unwound = AbortSignal.any([signal, winding]);
	const untilUnwound = () =>
		new Promise<void>((resolve) => {
			if (unwound.aborted) resolve();
			else unwound.addEventListener("abort", () => resolve(), { once: true });
		});
	const readable = tags.filter((tag) => tag.problem === undefined);
	let subscriptions: Subscriptions | undefined;

	let watchedAt = openedAt;
	const watch = (): void => {
		if (signal.aborted) return;
		const steady = clock.monotonicMs();
		const stoodStill = steady - watchedAt > tickMs + stallMs;
		watchedAt = steady;
		// What the machine said meanwhile is not read yet.
		if (stoodStill) return;
		const now = clock.now();
		const ms = Number(now) / 1e6;
		for (const tag of readable) {
			intake.flush(tag, ms);
			const { quality } = tag.pipeline.now;
			const unheard = isUnheard(quality);
			if (!unheard && !mayTurnStale(quality)) continue;
			const heardAt = Math.max(tag.heardAt, openedAt, subscriptions?.aliveAt(tag) ?? Number.NEGATIVE_INFINITY);
			if (steady - heardAt < tag.staleAfterMs) continue;
			intake.mark(
				tag,
				now,
				ms,
				unheard ? Quality.badStale : Quality.uncertainStale,
				`No answer for ${Math.round((steady - heardAt) / 1000)} s`,
			);
		}
		void subscriptions
			?.tend()
			.catch((thrown: unknown) => log.warn("Looking after subscriptions failed", { reason: String(thrown) }));
	};
	const ticking = clock.every(tickMs, () => {
		try {
			watch();
		} catch (thrown) {
			log.error("The freshness watch failed", {
				reason: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
			});
		}
	});

	/** A driver's exception costs one poll, never the loop. */
	const guarded = (poll: () => Promise<void>) => async () => {
		try {
			await poll();
		} catch (thrown) {
			if (signal.aborted) return;
			figures.failures++;
			log.error("A poll failed", { reason: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
		}
	};

	ready({
		async read(tag) {
			if (session.kind === "block") {
				const span = driver.span?.(tag.address);
				if (!span) throw new Error("the driver does not say where the address lies");
				const bytes = await request((within) => session.readBlock(span, within));
				return driver.decode?.(tag.address, bytes) ?? null;
			}
			const [reading] = await request((within) => session.read([tag.address], within));
			if (!reading || reading.quality >= Quality.bad) throw new Error(reading?.reason ?? "no reading in the answer");
			return reading.value;
		},
		write: (tag, raw) =>
			request((within) => {
				if (!session.write) throw new Error("this machine cannot be written to");
				return session.write(tag.address, raw, within);
			}),
		canWrite: session.write !== undefined,
		aliveAt: (tag) => subscriptions?.aliveAt(tag) ?? Number.NEGATIVE_INFINITY,
	});

	try {
		figures.isSending = session.kind === "item" && session.subscribe !== undefined;
		if (session.kind === "item" && session.subscribe) {
			const { arrivals } = figures;
			subscriptions = createSubscriptions({ tags: readable, session, request, intake, arrivals, clock, log, signal, lose });
			await subscriptions.start();
			await untilUnwound();
			await settledWithin(subscriptions.stop(), settings.timeout, clock);
			return;
		}
		const groups = Map.groupBy(readable, (tag) => tag.everyMs);
		await Promise.all(
			[...groups].map(([everyMs, group]) => {
				const poll =
					session.kind === "block"
						? createBlockPoll({
								tags: group,
								driver,
								session,
								settings: settings.blocks,
								refusals,
								request,
								intake,
								qualityAt,
								clock,
							})
						: createItemPoll({ tags: group, session, request, intake, clock });
				return keepPace({ everyMs, poll: guarded(poll), clock, signal: unwound, polls: figures.polls, late: figures.late });
			}),
		);
		if (groups.size === 0) await untilUnwound();
	} finally {
		ticking.cancel();
	}
}
