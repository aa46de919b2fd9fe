import { type Clock, type Log, MillwrightError, type SampleBatch, type SeriesEngine, type Timer } from "@millwright/core";
import { createBackoff } from "@millwright/runtime";
import type { createCounts } from "./counts.ts";
import type { createReceipts } from "./receipts.ts";

interface Arrival {
	order: number;
	batch: SampleBatch;
	/** From the ring, which waits for a receipt; derived batches are computed again from theirs. */
	acknowledge: boolean;
}

export interface IntakeState {
	state: "good" | "behind" | "failing";
	reason?: string;
	hint?: string;
	/** Samples kept here because the engine does not take them now. */
	waiting: number;
	/** Samples let go of since start, to be asked for again. */
	letGo: number;
}

/**
 * Hands batches to the engine in order of arrival. What the engine refuses waits here, in order, up to a bound; beyond
 * it batches are let go of and the ring is asked for them later, since it keeps everything that was not acknowledged.
 */
export function createIntake({
	engine,
	clock,
	log,
	counts,
	receipts,
	waitingRows,
	requestReplay,
}: {
	engine: SeriesEngine;
	clock: Clock;
	log: Log;
	counts: ReturnType<typeof createCounts>;
	receipts: ReturnType<typeof createReceipts>;
	waitingRows: number;
	requestReplay?: (connection: string, from: number) => void;
}) {
	const backoff = createBackoff({ first: 100, longest: 10_000 });
	const flying = new Set<Arrival>();
	/** Lowest number let go of, by connection. */
	const owed = new Map<string, number>();
	const seen = new Set<string>();
	let waiting: Arrival[] = [];
	let waitingNow = 0;
	let blocked = false;
	let stopped = false;
	let retry: Timer | undefined;
	let trouble: MillwrightError | undefined;
	let order = 0;
	let letGo = 0;
	let settled: (() => void)[] = [];

	const send = (arrival: Arrival) => {
		flying.add(arrival);
		engine.append(arrival.batch).then(
			({ stored, duplicate }) => {
				flying.delete(arrival);
				const { connection, last, historical } = arrival.batch;
				if (stored > 0) counts.add(connection, "stored", stored);
				if (duplicate > 0) counts.add(connection, "duplicate", duplicate);
				if (arrival.acknowledge) {
					if (historical) receipts.replayed(connection, last);
					receipts.stored(connection);
				}
				if (trouble) recovered();
				if (blocked) proceed();
				wake();
			},
			(thrown: unknown) => {
				flying.delete(arrival);
				refused(arrival, thrown);
				wake();
			},
		);
	};

	const refused = (arrival: Arrival, thrown: unknown) => {
		const error =
			thrown instanceof MillwrightError
				? thrown
				: new MillwrightError("history.append-failed", thrown instanceof Error ? thrown.message : String(thrown), {
						kind: "outage",
					});
		if (error.kind === "bug" || error.kind === "input") {
			// It will never be taken; keeping it would hold up all others.
			log.error("A batch was refused for good", {
				code: error.code,
				reason: error.message,
				connection: arrival.batch.connection,
				first: arrival.batch.first,
				last: arrival.batch.last,
			});
			if (blocked) proceed();
			return;
		}
		if (!trouble) log.warn(`The history takes no samples: ${error.message}`, { code: error.code, hint: error.hint });
		trouble = error;
		waiting.push(arrival);
		waitingNow += arrival.batch.length;
		blocked = true;
		if (!stopped) retry ??= clock.after(backoff.next(), proceed);
	};

	/** The first of those waiting goes ahead; when it is taken the others follow. */
	function proceed(): void {
		retry?.cancel();
		retry = undefined;
		if (stopped || flying.size > 0) return;
		if (waiting.length === 0) {
			blocked = false;
			askAgain();
			return;
		}
		const inOrder = waiting.sort((a, b) => a.order - b.order);
		const going = trouble ? inOrder.slice(0, 1) : inOrder;
		waiting = trouble ? inOrder.slice(1) : [];
		for (const arrival of going) waitingNow -= arrival.batch.length;
		if (waiting.length === 0 && !trouble) blocked = false;
		for (const arrival of going) send(arrival);
		if (!blocked) askAgain();
	}

	const recovered = () => {
		log.info("The history takes samples again", { waiting: waitingNow, letGo });
		trouble = undefined;
		backoff.reset();
	};

	const askAgain = () => {
		if (!requestReplay || stopped) return;
		const asking = [...owed];
		owed.clear();
		for (const [connection, from] of asking) {
			log.info("Samples let go of are asked for again", { connection, from });
			requestReplay(connection, from);
		}
	};

	const wake = () => {
		if (flying.size > 0) return;
		for (const done of settled) done();
		settled = [];
	};

	return {
		take(batch: SampleBatch, { acknowledge }: { acknowledge: boolean }): void {
			if (stopped) return;
			const { connection, first, length } = batch;
			if (acknowledge && requestReplay && !seen.has(connection)) {
				seen.add(connection);
				// A history that knows nothing of a connection though there was something: the ring may still have it.
				if (first > 0 && !batch.historical && engine.storedThrough(connection) === -1) {
					receipts.withhold(connection, first);
					owed.set(connection, 0);
					if (!blocked) clock.after(0, askAgain);
				}
			}
			const arrival = { order: order++, batch, acknowledge };
			if (!blocked) {
				counts.add(connection, "received", length);
				send(arrival);
				return;
			}
			if (waitingNow > 0 && waitingNow + length > waitingRows) {
				letGo += length;
				if (!acknowledge) return;
				if (!owed.has(connection)) log.warn("Samples are let go of; the ring keeps them", { connection, from: first });
				owed.set(connection, Math.min(first, owed.get(connection) ?? first));
				return;
			}
			counts.add(connection, "received", length);
			waiting.push(arrival);
			waitingNow += length;
		},
		/** Waits for what the engine has in hand; what waits here is still in the ring. */
		async stop(): Promise<void> {
			stopped = true;
			retry?.cancel();
			if (flying.size > 0) await new Promise<void>((resolve) => settled.push(resolve));
		},
		state(): IntakeState {
			const base = { waiting: waitingNow, letGo };
			if (trouble && trouble.kind !== "busy")
				return { ...base, state: "failing", reason: trouble.message, ...(trouble.hint ? { hint: trouble.hint } : {}) };
			if (blocked || owed.size > 0)
				return {
					...base,
					state: "behind",
					reason: trouble?.message ?? "Samples wait to be written",
					hint: "The disk is slower than the plant; the ring keeps what does not fit here.",
				};
			return { ...base, state: "good" };
		},
	};
}
