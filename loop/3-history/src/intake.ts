import {
	type Clock,
	type Log,
	MillwrightError,
	type SampleBatch,
	SampleBatchBuilder,
	type SeriesEngine,
	type Timer,
} from "@millwright/core";
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
 * Asks the ring to send a connection's samples again from a number on, in order, marked historical. An answer is the
 * lowest number from there on that the ring still has; what lies before it will never come.
 */
export type RequestReplay = (connection: string, from: number) => undefined | number | Promise<undefined | number>;

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
	onStored,
	inAnyOrder = () => false,
}: {
	engine: SeriesEngine;
	clock: Clock;
	log: Log;
	counts: ReturnType<typeof createCounts>;
	receipts: ReturnType<typeof createReceipts>;
	waitingRows: number;
	requestReplay?: RequestReplay;
	/** These numbers of a connection are durable, or were before. */
	onStored?: ((connection: string, first: number, last: number) => void) | undefined;
	/** Of such connections newer numbers may come before older ones, and nothing is missing because of that. */
	inAnyOrder?: ((connection: string) => boolean) | undefined;
}) {
	const backoff = createBackoff({ first: 100, longest: 10_000 });
	const flying = new Set<Arrival>();
	/** Lowest number let go of, by connection. */
	const owed = new Map<string, number>();
	/** The number that comes next, by connection; the ring delivers in order, so a higher one shows that some are missing. */
	const expected = new Map<string, number>();
	/** First numbers that came while it was not known what is stored. */
	const unjudged = new Map<string, number>();
	let isOpen = false;
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
				const { connection, first, last, historical } = arrival.batch;
				if (stored > 0) counts.add(connection, "stored", stored);
				if (duplicate > 0) counts.add(connection, "duplicate", duplicate);
				if (arrival.acknowledge) {
					if (historical) receipts.replayed(connection, last);
					receipts.stored(connection);
					onStored?.(connection, first, last);
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
			log.info("Samples are asked for again", { connection, from });
			Promise.resolve(requestReplay(connection, from)).then(
				(available) => {
					if (available === undefined || stopped) return;
					if (available > from) {
						log.warn("Samples are gone for good: the ring has them no more", { connection, first: from, last: available - 1 });
						const nothing = new SampleBatchBuilder(1).take({ connection, first: from, last: available - 1, historical: true });
						enter({ order: order++, batch: nothing, acknowledge: true });
					}
					receipts.release(connection);
				},
				(thrown: unknown) =>
					log.warn("The ring does not send again", {
						connection,
						from,
						reason: thrown instanceof Error ? thrown.message : String(thrown),
					}),
			);
		}
	};

	/** Numbers are missing between what is stored and what comes. */
	const judge = (connection: string, first: number) => {
		const next = expected.get(connection) ?? engine.storedThrough(connection) + 1;
		if (first <= next) return;
		log.warn("Samples are missing that came before", { connection, first: next, last: first - 1 });
		owed.set(connection, Math.min(next, owed.get(connection) ?? next));
		if (engine.storedThrough(connection) === -1) receipts.withhold(connection, first);
		if (!blocked) clock.after(0, askAgain);
	};

	const enter = (arrival: Arrival) => {
		const { connection, length } = arrival.batch;
		counts.add(connection, "received", length);
		if (!blocked) return send(arrival);
		waiting.push(arrival);
		waitingNow += length;
	};

	const wake = () => {
		if (flying.size > 0) return;
		for (const done of settled) done();
		settled = [];
	};

	return {
		take(batch: SampleBatch, { acknowledge }: { acknowledge: boolean }): void {
			if (stopped) return;
			const { connection, first, last, length } = batch;
			if (acknowledge && requestReplay && !inAnyOrder(connection)) {
				if (isOpen) judge(connection, first);
				else if (!expected.has(connection)) unjudged.set(connection, first);
				expected.set(connection, Math.max(last + 1, expected.get(connection) ?? 0));
			}
			if (!blocked || waitingNow === 0 || waitingNow + length <= waitingRows) {
				enter({ order: order++, batch, acknowledge });
				return;
			}
			letGo += length;
			if (!acknowledge) return;
			if (!owed.has(connection)) log.warn("Samples are let go of; the ring keeps them", { connection, from: first });
			owed.set(connection, Math.min(first, owed.get(connection) ?? first));
		},
		/** The engine is open: what is stored is known now. */
		opened(): void {
			isOpen = true;
			for (const [connection, first] of unjudged) {
				const next = expected.get(connection);
				expected.delete(connection);
				judge(connection, first);
				if (next !== undefined) expected.set(connection, next);
			}
			unjudged.clear();
			if (blocked) proceed();
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
