import { asMillwrightError, type Clock, type Log, type NumberRange, type SampleBatch } from "@millwright/core";
import type { SampleStore } from "@millwright/sense/api";
import type { Pump } from "./pump.ts";
import { parcelOf, type UpLane } from "./up-lane.ts";
import type { WindowSummary } from "./window.ts";

/** Rows read ahead of the line. */
const bufferedRows = 20_000;
const tryAgainMs = 5000;

/**
 * What counted as safe here and is not at the centre: somebody put an older copy of its data in place. It goes up once more, behind
 * everything else, as far as it is kept here; the rest stays said as missing.
 */
export function createReturns({
	store,
	laneOf,
	isRaw,
	windowFrom,
	pump,
	clock,
	log,
}: {
	store: Pick<SampleStore, "kept">;
	laneOf(connection: string): UpLane;
	isRaw(connection: string): boolean;
	/** Summaries of a connection that begin with this number. */
	windowFrom(connection: string, first: number): WindowSummary;
	pump: Pick<Pump, "go">;
	clock: Clock;
	log: Log;
}) {
	/** Connections whose turn comes, and the one that has it. */
	const waiting = new Set<string>();
	let underWay: { lane: UpLane; batches: AsyncIterator<SampleBatch> } | undefined;
	let stopping = new AbortController();
	let isReading = false;
	let pausedUntilMs = Number.NEGATIVE_INFINITY;

	const keptOf = (connection: string, { first, last }: NumberRange, signal: AbortSignal): AsyncIterable<SampleBatch> =>
		store.kept({ connection, first, last, signal });

	/** Windows of the same samples, never across numbers that are gone. */
	async function* summariesOf(connection: string, range: NumberRange, signal: AbortSignal): AsyncGenerator<SampleBatch> {
		let window: WindowSummary | undefined;
		for await (const batch of keptOf(connection, range, signal)) {
			if (window?.next !== batch.first) {
				const cut = window?.close(connection);
				if (cut) yield cut.summary;
				window = windowFrom(connection, batch.first);
			}
			for (const { summary } of window.add(batch)) yield summary;
		}
		const closed = window?.close(connection);
		if (closed) yield closed.summary;
	}

	async function* batchesOf(connection: string, raw: boolean, signal: AbortSignal): AsyncGenerator<SampleBatch> {
		for (const range of [...laneOf(connection).lost]) yield* (raw ? keptOf : summariesOf)(connection, range, signal);
	}

	/** The next connection's turn, if there is one. */
	function begin(): typeof underWay {
		const [connection] = waiting;
		if (connection === undefined) return undefined;
		const raw = isRaw(connection);
		return {
			lane: laneOf(raw ? connection : `summary:${connection}`),
			batches: batchesOf(connection, raw, stopping.signal)[Symbol.asyncIterator](),
		};
	}

	async function read(signal: AbortSignal): Promise<void> {
		for (;;) {
			underWay ??= begin();
			if (!underWay) return;
			const { lane, batches } = underWay;
			if (lane.asked.reduce((rows, parcel) => rows + parcel.rows, 0) >= bufferedRows) return;
			const next = await batches.next();
			if (signal.aborted) return;
			if (!next.done) {
				lane.asked.push(parcelOf({ ...next.value, historical: true }, "asked"));
				continue;
			}
			const [done] = waiting;
			if (done !== undefined) waiting.delete(done);
			underWay = undefined;
		}
	}

	return {
		/** Goes up again from now on; `lost` of the connection's lane says what. */
		add(connection: string): void {
			const { lost } = laneOf(connection);
			log.warn("The centre lacks samples that were safe there; what is still kept goes up again", {
				connection,
				first: lost[0]?.first,
				last: lost.at(-1)?.last,
			});
			waiting.add(connection);
		},
		/** Reads on while there is room; called again and again. */
		advance(): void {
			if (isReading || waiting.size === 0 || clock.monotonicMs() < pausedUntilMs) return;
			isReading = true;
			const { signal } = stopping;
			read(signal)
				.catch((thrown: unknown) => {
					if (signal.aborted) return;
					// From the start: what has arrived by then is lost no more.
					underWay = undefined;
					pausedUntilMs = clock.monotonicMs() + tryAgainMs;
					log.warn("What the centre lacks could not be read", { reason: asMillwrightError(thrown).message });
				})
				.finally(() => {
					isReading = false;
					pump.go();
				});
		},
		/** The line is gone; the next one begins with what is there. */
		reset(): void {
			stopping.abort();
			stopping = new AbortController();
			waiting.clear();
			underWay = undefined;
		},
	};
}
