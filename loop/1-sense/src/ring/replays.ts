import { asMillwrightError, type Clock, decodeBatch, type Log, type SampleBatch } from "@millwright/core";
import { deliver } from "./delivery.ts";
import type { Lane } from "./lane.ts";
import type { RingLink } from "./link.ts";
import type { Reading } from "./reading.ts";
import { liveMs } from "./sample-store.ts";

/** Unacknowledged for so long means: say it again. Doubles up to the longest. */
const redeliverAfterMs = 30_000;
const redeliverLongestMs = 600_000;

/** Saying again what is in the file: after a restart, to a consumer that refused for a while, or that asks. */
export function createReplays({
	lanes,
	link,
	reading,
	send,
	clock,
	wallMs,
	log,
	signal,
}: {
	lanes: ReadonlyMap<string, Lane>;
	link: () => RingLink | undefined;
	reading: Reading;
	send: (batch: SampleBatch) => void;
	clock: Clock;
	/** As `readAtMs` of batches is measured. */
	wallMs: () => number;
	log: Log;
	/** Of the ring's life between start and stop. */
	signal: () => AbortSignal;
}) {
	const running = new Set<Promise<unknown>>();
	/** Lanes that are being said again beside what is live, and from which number on. */
	const repeating = new Map<Lane, number>();

	const readFor = (connection: string) => (from: number, through: number, maxBytes: number) =>
		reading.read(connection, from, through, maxBytes);

	function run(work: Promise<unknown>): void {
		running.add(work);
		void work.finally(() => running.delete(work));
	}

	async function replay(lane: Lane, startNext: number): Promise<void> {
		const begun = clock.monotonicMs();
		const closing = signal();
		while (!closing.aborted) {
			try {
				const { rows } = await deliver({
					lane,
					from: lane.published + 1,
					through: () => lane.committed,
					read: readFor(lane.connection),
					send: (batch) => {
						lane.published = batch.last;
						send(batch);
					},
					// What came in while the backlog was long is told late, and says so.
					isHistorical: (batch) => batch.first < startNext || wallMs() - batch.readAtMs > liveMs,
					clock,
					log,
					signal: closing,
				});
				if (lane.published < lane.committed) continue;
				lane.isReplaying = false;
				log.info("Replayed what was not yet acknowledged", {
					connection: lane.connection,
					rows,
					ms: Math.round(clock.monotonicMs() - begun),
				});
				return;
			} catch (thrown) {
				if (closing.aborted) return;
				log.warn("A replay stopped and will go on", { connection: lane.connection, reason: asMillwrightError(thrown).message });
				await clock.sleep(1000, closing).catch(() => {});
			}
		}
	}

	/** From a number up to what has been published, beside what is live. */
	function again(lane: Lane, from: number): void {
		const through = lane.published;
		repeating.set(lane, from);
		run(
			deliver({
				lane,
				from,
				through: () => through,
				read: readFor(lane.connection),
				send,
				isHistorical: () => true,
				clock,
				log,
				signal: signal(),
			})
				.catch((thrown: unknown) =>
					log.warn("A repeated delivery stopped", { connection: lane.connection, reason: asMillwrightError(thrown).message }),
				)
				.finally(() => repeating.delete(lane)),
		);
	}

	return {
		/** What an earlier run left unacknowledged, before anything new of that connection. */
		begin(lane: Lane, from: number, startNext: number, committedMs: number): void {
			lane.isReplaying = true;
			lane.published = from - 1;
			lane.mark = { through: startNext - 1, ms: committedMs || clock.nowMs() };
			run(replay(lane, startNext));
		},
		/** Consumers that came late or refused for a while get what they did not acknowledge, once more and marked historical. */
		repeatForgotten(): void {
			const nowMs = clock.nowMs();
			for (const lane of lanes.values()) {
				const cursor = Math.max(lane.acknowledged, -1);
				if (lane.isReplaying || lane.published <= cursor || !link() || repeating.has(lane)) continue;
				const wait = lane.patienceMs ?? redeliverAfterMs;
				if (nowMs - lane.progressAt < wait) continue;
				lane.patienceMs = Math.min(redeliverLongestMs, wait * 2);
				lane.progressAt = nowMs;
				log.warn("Not acknowledged for long; delivered once more", {
					connection: lane.connection,
					from: cursor + 1,
					through: lane.published,
				});
				again(lane, cursor + 1);
			}
		},
		/** A consumer that knows what it lacks asks for it; the answer is the lowest number from there on that is still here. */
		async replayFrom(connection: string, from: number): Promise<number | undefined> {
			const lane = lanes.get(connection);
			if (!lane || !link() || from > lane.published) return lane?.isReplaying ? from : undefined;
			const { batches } = await readFor(connection)(from, lane.published, 1);
			const available = batches[0] ? Math.max(from, batches[0].first) : lane.published + 1;
			if (available <= lane.published && (repeating.get(lane) ?? Number.POSITIVE_INFINITY) > available) again(lane, available);
			return available;
		},
		/** The batches of a connection from a number on; for recounting after a crash. */
		async recount(connection: string, from: number, each: (batch: SampleBatch) => void): Promise<void> {
			const through = (lanes.get(connection)?.next ?? 0) - 1;
			let at = from;
			while (at <= through) {
				const { batches } = await readFor(connection)(at, through, 1_000_000);
				for (const { bytes } of batches) each(decodeBatch(bytes));
				const last = batches.at(-1);
				if (!last) return;
				at = last.last + 1;
			}
		},
		settled: async (): Promise<void> => void (await Promise.allSettled(running)),
	};
}
