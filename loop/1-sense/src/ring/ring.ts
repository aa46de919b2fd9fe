import {
	asMillwrightError,
	type Bus,
	type Clock,
	decodeBatch,
	encodeBatch,
	type Log,
	MillwrightError,
	type SampleBatch,
	type Timer,
} from "@millwright/core";
import { createBackoff, type Health } from "@millwright/runtime";
import { type SampleReceipts, samples } from "../api.ts";
import { deliver, emptyBatch } from "./delivery.ts";
import { Lane, type LaneKeeper } from "./lane.ts";
import { openRingLink, type RingLink } from "./link.ts";
import type { LaneCounts, RingAnswer, RingBatch, RingSize } from "./messages.ts";

export interface RingSettings {
	keep: number;
	maxBytes: number;
	group: number;
}

/** Rows a single commit may carry; more wait for the next. */
const commitRows = 100_000;
/** While the disk makes trouble. */
const carefulRows = 4096;
const tagCountsEveryMs = 2000;
const idleCommitMs = 1000;
/** With nothing new, old rows still have to go. */
const restingCommitMs = 30_000;
/** Unacknowledged for so long means: say it again. Doubles up to the longest. */
const redeliverAfterMs = 30_000;
const redeliverLongestMs = 600_000;
/** An acknowledgement later than this is called an outage. */
const outageMs = 2000;

/** Store first, then publish: every row is in a file and synced before anybody hears of it. */
export function createRing({
	file,
	settings: firstSettings,
	bus,
	clock,
	log,
	mostWaitingRows = 1_000_000,
	hardBytes,
	openLink = openRingLink,
}: {
	file: string;
	settings: RingSettings;
	bus: Bus;
	clock: Clock;
	log: Log;
	/** Rows that may wait in memory for the disk. */
	mostWaitingRows?: number;
	/** The file's own limit; a quarter above maxBytes and 64 MB when left out. */
	hardBytes?: number;
	openLink?: typeof openRingLink;
}) {
	let settings = firstSettings;
	const lanes = new Map<string, Lane>();
	const pending: SampleBatch[] = [];
	let link: RingLink | undefined;
	let closing = new AbortController();
	let problem: { code: string; reason: string; hint: string } | undefined;
	let size: RingSize = { bytes: 0, rows: 0, oldestMs: 0 };
	let sinceMs = 0;
	let longestOutageMs = 0;
	let commits = 0;
	let lastCommitMs = 0;
	let lastBeganAt = Number.NEGATIVE_INFINITY;
	let tagCountsAt = Number.NEGATIVE_INFINITY;
	let isCommitting = false;
	let isStopping = false;
	let committing: Promise<void> | undefined;
	let countedBefore = 0;
	let timer: Timer | undefined;
	let ticking: Timer | undefined;
	let quarantined: string | undefined;
	let everAcknowledged = false;
	let opening: Promise<void> | undefined;
	const dirtyAcks = new Set<Lane>();
	const deliveries = new Set<Promise<unknown>>();

	const keeper: LaneKeeper = { waitingRows: 0, mostWaitingRows, dirty: () => schedule() };

	function lane(connection: string): Lane {
		let found = lanes.get(connection);
		if (!found) {
			found = new Lane(connection, keeper);
			lanes.set(connection, found);
			if (link) {
				found.opened(undefined);
				found.progressAt = clock.nowMs();
			}
		}
		return found;
	}

	// ---- opening, and opening again ------------------------------------------------------------------------------

	async function open(): Promise<void> {
		const backoff = createBackoff({ first: 500, longest: 15_000 });
		while (!closing.signal.aborted) {
			try {
				const next = await openLink({
					file,
					nowMs: clock.nowMs(),
					hardBytes: hardBytes ?? Math.ceil(settings.maxBytes * 1.25) + 64_000_000,
				});
				adopt(next);
				return;
			} catch (thrown) {
				if (problem?.code !== "sense.ring-closed")
					log.error("The ring cannot be opened; values are lost until it can", {
						file,
						reason: asMillwrightError(thrown).message,
					});
				problem = {
					code: "sense.ring-closed",
					reason: `The ring cannot be opened: ${asMillwrightError(thrown).message}`,
					hint: "Check the rights and the free space of the data folder.",
				};
				releaseWaiters();
				await clock.sleep(backoff.next(), closing.signal).catch(() => {});
			}
		}
	}

	/** Lets `start` go on: the plant is read and counted even while the disk is not there. */
	let releaseWaiters: () => void = () => {};

	function adopt(next: RingLink): void {
		const isFirst = sinceMs === 0;
		link = next;
		size = next.opened.size;
		sinceMs ||= next.opened.sinceMs;
		longestOutageMs = Math.max(longestOutageMs, next.opened.longestOutageMs);
		if (next.opened.quarantined !== undefined) tellQuarantine(next.opened.quarantined);
		else problem = undefined;
		for (const state of next.opened.lanes) {
			const known = lane(state.connection);
			if (!isFirst && known.next !== undefined) {
				// The thread died between writing and saying so: what the file has is durable.
				for (let i = 0; i < pending.length; ) {
					const batch = pending[i] as SampleBatch;
					if (batch.connection === state.connection && batch.last < state.next) {
						pending.splice(i, 1);
						arrive(batch);
					} else i++;
				}
				continue;
			}
			known.opened(state);
			known.progressAt = clock.nowMs();
			const from = Math.max(0, state.acknowledged + 1);
			if (from < state.next) replay(known, from, state.next, state.committedMs);
		}
		for (const known of lanes.values()) if (known.next === undefined) known.opened(undefined);
		void next.gone.then((error) => {
			if (link !== next) return;
			link = undefined;
			if (closing.signal.aborted) return;
			log.error("The ring's thread ended; it is started again", { reason: error.message });
			problem = { code: "sense.ring-closed", reason: error.message, hint: "It is being opened again." };
			opening = open();
		});
		releaseWaiters();
		schedule();
	}

	function tellQuarantine(aside: string): void {
		quarantined = aside;
		problem = {
			code: "sense.ring-broken",
			reason: `The ring file was damaged and has been put aside as ${aside}; a fresh one is in use`,
			hint: "What the history had not yet taken is lost. Check the disk, then acknowledge by restarting.",
		};
		log.error("The ring file is damaged and was put aside; a fresh one is begun", { aside });
	}

	// ---- writing -------------------------------------------------------------------------------------------------

	function schedule(): void {
		if (isCommitting || timer || !link) return;
		const wait = Math.max(0, lastBeganAt + settings.group - clock.monotonicMs());
		timer = clock.after(wait, () => {
			timer = undefined;
			void commit();
		});
	}

	function commit(): Promise<void> {
		if (!isCommitting && link) committing = commitOn(link);
		return committing ?? Promise.resolve();
	}

	async function commitOn(to: RingLink): Promise<void> {
		isCommitting = true;
		lastBeganAt = clock.monotonicMs();
		for (const one of lanes.values()) pending.push(...one.takeSealed());
		const taken: SampleBatch[] = [];
		let rows = 0;
		for (const batch of pending) {
			if (taken.length > 0 && rows + batch.length > (problem ? carefulRows : commitRows)) break;
			taken.push(batch);
			rows += batch.length;
		}
		const bytes = taken.map(encodeBatch);
		const nowMs = clock.nowMs();
		const acknowledged = [...dirtyAcks].map((one): [string, number] => [one.connection, one.acknowledged]);
		dirtyAcks.clear();
		const withTags = lastBeganAt - tagCountsAt >= tagCountsEveryMs || isStopping;
		if (withTags) tagCountsAt = lastBeganAt;
		const counted = [...lanes.values()];
		const answer = await to
			.ask(
				{
					type: "commit",
					nowMs,
					batches: taken.map(
						(batch, i): RingBatch => ({
							connection: batch.connection,
							first: batch.first,
							last: batch.last,
							firstMs: nowMs,
							bytes: bytes[i] as Uint8Array,
						}),
					),
					acknowledged,
					counts: counted.map((one): [string, LaneCounts] => [one.connection, one.counts]),
					// Numbers below `next` are in the packed counts or are counted again from the batches themselves.
					tagCounts: withTags
						? counted.flatMap((one): [string, Uint8Array, number][] =>
								one.tagCounts ? [[one.connection, one.tagCounts(), one.committed + 1]] : [],
							)
						: [],
					longestOutageMs,
					keepMs: settings.keep,
					maxBytes: settings.maxBytes,
				},
				bytes.map((blob) => blob.buffer as ArrayBuffer),
			)
			.catch(
				(thrown: unknown): Extract<RingAnswer, { type: "failed" }> => ({
					type: "failed",
					id: 0,
					code: "other",
					message: asMillwrightError(thrown).message,
				}),
			);
		isCommitting = false;
		if (answer.type === "committed") {
			commits++;
			lastCommitMs = answer.ms;
			size = answer.size;
			if (problem && problem.code !== "sense.ring-broken") {
				log.info("The ring takes values again");
				problem = undefined;
			}
			for (const [connection, through, count] of answer.expired) {
				const one = lane(connection);
				one.expired += count;
				one.goneThrough = Math.max(one.goneThrough, through);
				log.warn("Values left the full ring before the history had them", { connection, count });
				bus.send(samples, emptyBatch(connection, through - count + 1, through));
			}
			pending.splice(0, taken.length);
			for (const batch of taken) arrive(batch);
			if (pending.length > 0 || [...lanes.values()].some((one) => one.hasRows)) schedule();
			return;
		}
		for (const [connection] of acknowledged) dirtyAcks.add(lane(connection));
		if (answer.type === "failed") refuse(answer);
		timer ??= clock.after(Math.max(settings.group, 1000), () => {
			timer = undefined;
			void commit();
		});
	}

	function refuse({ code, message, quarantined: aside }: Extract<RingAnswer, { type: "failed" }>): void {
		if (aside !== undefined) {
			tellQuarantine(aside);
			for (const one of lanes.values()) {
				const lost = one.buffered;
				if (lost > 0) {
					one.expired += lost;
					bus.send(samples, emptyBatch(one.connection, one.committed - lost + 1, one.committed));
				}
				one.goneThrough = one.committed;
				dirtyAcks.add(one);
			}
			return;
		}
		if (!problem) log.error("The ring cannot be written; values wait in memory", { code, reason: message });
		problem =
			code === "full"
				? {
						code: "sense.ring-full",
						reason: "The disk of the ring is full; new values wait in memory and are then lost",
						hint: "Free some space; the ring goes on by itself.",
					}
				: {
						code: "sense.ring-failing",
						reason: `The ring cannot be written: ${message}`,
						hint: "Check the disk of the data folder.",
					};
	}

	function arrive(batch: SampleBatch): void {
		const one = lane(batch.connection);
		one.advance(batch, clock.nowMs());
		if (one.isReplaying) return;
		if (one.published <= one.acknowledged) one.progressAt = clock.nowMs();
		one.published = batch.last;
		bus.send(samples, batch);
	}

	// ---- saying it again -----------------------------------------------------------------------------------------

	const readRing = (connection: string) => async (from: number, through: number, maxBytes: number) => {
		const answer = await (link?.ask({ type: "read", connection, from, through, maxBytes }) ??
			Promise.reject(new Error("the ring is closed")));
		if (answer.type !== "rows") throw new Error(answer.type === "failed" ? answer.message : "the ring gave another answer");
		return answer;
	};

	function run(work: Promise<unknown>): void {
		deliveries.add(work);
		void work.finally(() => deliveries.delete(work));
	}

	/** What an earlier run left unacknowledged, before anything new of that connection. */
	function replay(one: Lane, from: number, startNext: number, committedMs: number): void {
		one.isReplaying = true;
		one.published = from - 1;
		one.mark = { through: startNext - 1, ms: committedMs || clock.nowMs() };
		const begun = clock.monotonicMs();
		const work = async () => {
			while (!closing.signal.aborted) {
				try {
					const { rows } = await deliver({
						lane: one,
						from: one.published + 1,
						through: () => one.committed,
						read: readRing(one.connection),
						send: (batch) => {
							one.published = batch.last;
							bus.send(samples, batch);
						},
						// What came in while the backlog was long is told late, and says so.
						isHistorical: (batch) => batch.first < startNext || clock.nowMs() - batch.readAtMs > 10_000,
						clock,
						log,
						signal: closing.signal,
					});
					if (one.published < one.committed) continue;
					one.isReplaying = false;
					log.info("Replayed what was not yet acknowledged", {
						connection: one.connection,
						rows,
						ms: Math.round(clock.monotonicMs() - begun),
					});
					return;
				} catch (thrown) {
					if (closing.signal.aborted) return;
					log.warn("A replay stopped and will go on", { connection: one.connection, reason: asMillwrightError(thrown).message });
					await clock.sleep(1000, closing.signal).catch(() => {});
				}
			}
		};
		run(work());
	}

	/** Consumers that came late or refused for a while get what they did not acknowledge, once more and marked historical. */
	const patience = new Map<string, number>();
	function redeliver(): void {
		if (!everAcknowledged) return;
		const nowMs = clock.nowMs();
		for (const one of lanes.values()) {
			const cursor = Math.max(one.acknowledged, -1);
			if (one.isReplaying || one.published <= cursor || !link || repeating.has(one)) continue;
			const wait = patience.get(one.connection) ?? redeliverAfterMs;
			if (nowMs - one.progressAt < wait) continue;
			patience.set(one.connection, Math.min(redeliverLongestMs, wait * 2));
			one.progressAt = nowMs;
			log.warn("Not acknowledged for long; delivered once more", {
				connection: one.connection,
				from: cursor + 1,
				through: one.published,
			});
			again(one, cursor + 1);
		}
	}

	/** From a number up to what has been published, beside what is live. */
	const repeating = new Map<Lane, number>();
	function again(one: Lane, from: number): void {
		const through = one.published;
		repeating.set(one, from);
		run(
			deliver({
				lane: one,
				from,
				through: () => through,
				read: readRing(one.connection),
				send: (batch) => bus.send(samples, batch),
				isHistorical: () => true,
				clock,
				log,
				signal: closing.signal,
			})
				.catch((thrown: unknown) =>
					log.warn("A repeated delivery stopped", { connection: one.connection, reason: asMillwrightError(thrown).message }),
				)
				.finally(() => repeating.delete(one)),
		);
	}

	/** A consumer that knows what it lacks asks for it; the answer is the lowest number from there on that is still here. */
	async function replayFrom(connection: string, from: number): Promise<number | undefined> {
		const one = lanes.get(connection);
		if (!one || !link || from > one.published) return one?.isReplaying ? from : undefined;
		const { batches } = await readRing(connection)(from, one.published, 1);
		const available = batches[0] ? Math.max(from, batches[0].first) : one.published + 1;
		if (available <= one.published && (repeating.get(one) ?? Number.POSITIVE_INFINITY) > available) again(one, available);
		return available;
	}

	const receipts: SampleReceipts = {
		acknowledge(connection, through) {
			const one = lanes.get(connection);
			if (!one || one.next === undefined || through <= one.acknowledged) return;
			everAcknowledged = true;
			one.acknowledged = Math.min(through, one.committed);
			one.progressAt = clock.nowMs();
			patience.delete(connection);
			if (one.mark && one.acknowledged >= one.mark.through) {
				const waited = clock.nowMs() - one.mark.ms;
				if (waited > outageMs && waited > longestOutageMs) longestOutageMs = waited;
				one.mark = one.committed > one.acknowledged ? { through: one.committed, ms: clock.nowMs() } : undefined;
			}
			dirtyAcks.add(one);
		},
	};

	/** The batches of a connection from a number on; for recounting after a crash. */
	async function recount(connection: string, from: number, each: (batch: SampleBatch) => void): Promise<void> {
		const through = (lanes.get(connection)?.next ?? 0) - 1;
		let at = from;
		while (at <= through) {
			const { batches } = await readRing(connection)(at, through, 1_000_000);
			for (const { bytes } of batches) each(decodeBatch(bytes));
			const last = batches.at(-1);
			if (!last) return;
			at = last.last + 1;
		}
	}

	return {
		lane,
		lanes: (): Lane[] => [...lanes.values()],
		receipts,
		recount,
		replayFrom,
		/** Opens the file; comes back also when that fails, and keeps trying. */
		async start(): Promise<void> {
			closing = new AbortController();
			const ready = new Promise<void>((resolve) => {
				releaseWaiters = resolve;
			});
			opening = open();
			await ready;
			// Counts and acknowledgements without rows are written within a second.
			ticking = clock.every(idleCommitMs, () => {
				const counted = [...lanes.values()].reduce((sum, { counts }) => sum + counts.read + counts.overflowed, dirtyAcks.size);
				const rested = clock.monotonicMs() - lastBeganAt;
				if (!timer && !isCommitting && rested >= idleCommitMs && (counted !== countedBefore || rested >= restingCommitMs)) {
					countedBefore = counted;
					void commit();
				}
				redeliver();
			});
		},
		/** Everything added is durable, or the disk has had its chance. */
		async stop(): Promise<void> {
			ticking?.cancel();
			isStopping = true;
			for (let tries = 0; link && tries < 4 && (tries === 0 || keeper.waitingRows > 0); tries++) {
				timer?.cancel();
				timer = undefined;
				await committing;
				await commit();
			}
			timer?.cancel();
			timer = undefined;
			closing.abort(new Error("the ring is closed"));
			await Promise.allSettled(deliveries);
			const last = link;
			link = undefined;
			await last?.ask({ type: "close" }).catch(() => {});
			await last?.terminate();
			await opening;
			isStopping = false;
		},
		configure(next: RingSettings): void {
			settings = next;
		},
		health(): Health {
			if (!problem) return { state: "good" };
			return { state: problem.code === "sense.ring-broken" ? "degraded" : "failing", reason: problem.reason, hint: problem.hint };
		},
		ensureRoom(rows: number): void {
			if (keeper.waitingRows + rows > mostWaitingRows)
				throw new MillwrightError("sense.ring-behind", "The disk does not keep up; too many values wait already", {
					kind: "busy",
					hint: "Try again later.",
				});
		},
		figures: () => ({ ...size, waitingRows: keeper.waitingRows, commits, lastCommitMs, sinceMs, longestOutageMs, quarantined }),
	};
}
export type Ring = ReturnType<typeof createRing>;
