import {
	asMillwrightError,
	type Bus,
	type Clock,
	type Log,
	MillwrightError,
	type SampleBatch,
	type Timer,
} from "@millwright/core";
import { createBackoff, type Health } from "@millwright/runtime";
import { samples } from "../api.ts";
import { createSteadyWall } from "../clock-watch.ts";
import { createAcknowledgements } from "./acknowledgements.ts";
import { emptyBatch } from "./empty-batch.ts";
import { Lane, type LaneKeeper } from "./lane.ts";
import { openRingLink, type RingLink } from "./link.ts";
import type { RingSettings, RingSize } from "./messages.ts";
import { createReading } from "./reading.ts";
import { createReplays } from "./replays.ts";
import { createSampleStore } from "./sample-store.ts";
import { createTrouble } from "./trouble.ts";
import { createWriting } from "./writing.ts";

const tickMs = 1000;

/** Store first, then publish: every row is in a file and synced before anybody hears of it. */
export function createRing({
	file,
	settings: firstSettings,
	bus,
	clock: wallClock,
	log,
	mostWaitingRows = 1_000_000,
	backlog = "push",
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
	/** What an earlier run left, and what nobody acknowledges: said again by itself, or left to whoever fetches it. */
	backlog?: "push" | "pull";
	/** The file's own limit; a quarter above maxBytes and 64 MB when left out. */
	hardBytes?: number;
	openLink?: typeof openRingLink;
}) {
	/** Ages are of the steady clock: a wall clock that jumps must not make samples old. */
	const clock: Clock = { ...wallClock, nowMs: createSteadyWall(wallClock) };
	const lanes = new Map<string, Lane>();
	let settings = firstSettings;
	let link: RingLink | undefined;
	let closing = new AbortController();
	let opening: Promise<void> | undefined;
	let ticking: Timer | undefined;
	let size: RingSize = { bytes: 0, rows: 0, oldestMs: 0 };
	let sinceMs = 0;
	let quarantined: string | undefined;

	const send = (batch: SampleBatch): void => bus.send(samples, batch);
	const keeper: LaneKeeper = { waitingRows: 0, mostWaitingRows, dirty: () => writing.schedule() };
	const trouble = createTrouble({ file, log });
	const acknowledgements = createAcknowledgements({ laneOf: (connection) => lanes.get(connection), clock });
	const reading = createReading({ link: () => link, putAside });
	const replays = createReplays({
		lanes,
		link: () => link,
		reading,
		send,
		clock,
		wallMs: wallClock.nowMs,
		log,
		signal: () => closing.signal,
	});
	const writing = createWriting({
		lanes,
		acknowledgements,
		trouble,
		link: () => link,
		settings: () => settings,
		clock,
		committed(answer) {
			size = answer.size;
			for (const [connection, from, through, count] of answer.expired) {
				const one = lane(connection);
				one.expired += count;
				one.goneThrough = Math.max(one.goneThrough, through);
				log.warn("Values left the full ring before the history had them", { connection, count });
				send(emptyBatch(connection, from, through));
			}
		},
		putAside,
		arrived(batch) {
			const one = lane(batch.connection);
			one.advance(batch, clock.nowMs());
			if (batch.length === 0)
				log.warn("Values were lost because the disk could not take them", {
					connection: one.connection,
					count: batch.last - batch.first + 1,
				});
			if (one.isReplaying) return;
			if (one.published <= one.acknowledged) one.progressAt = clock.nowMs();
			one.published = batch.last;
			send(batch);
		},
	});

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

	/** The file broke in the middle of work and a fresh one is in use: what only it had is lost, and said. */
	function putAside(aside = "another file beside it"): void {
		quarantined = aside;
		trouble.putAside(aside);
		for (const one of lanes.values()) {
			if (one.next === undefined) continue;
			const lost = one.buffered;
			if (lost > 0) {
				one.expired += lost;
				send(emptyBatch(one.connection, one.committed - lost + 1, one.committed));
			}
			one.goneThrough = one.committed;
			writing.carry(one);
		}
	}

	/** Lets `start` go on: the plant is read and counted even while the disk is not there. */
	let isTried: () => void = () => {};

	async function open(): Promise<void> {
		const backoff = createBackoff({ first: 500, longest: 15_000 });
		while (!closing.signal.aborted) {
			try {
				adopt(
					await openLink({
						file,
						nowMs: clock.nowMs(),
						hardBytes: hardBytes ?? Math.ceil(settings.maxBytes * 1.25) + 64_000_000,
					}),
				);
				return;
			} catch (thrown) {
				trouble.cannotOpen(asMillwrightError(thrown).message);
				isTried();
				await clock.sleep(backoff.next(), closing.signal).catch(() => {});
			}
		}
	}

	function adopt(next: RingLink): void {
		const { opened } = next;
		const isFirst = sinceMs === 0;
		link = next;
		size = opened.size;
		sinceMs ||= opened.sinceMs;
		acknowledgements.outageBefore(opened.longestOutageMs);
		const isFresh = opened.quarantined !== undefined || (opened.isNew && !isFirst);
		if (isFresh) putAside(opened.quarantined);
		else trouble.opened();
		for (const state of opened.lanes) {
			const known = lane(state.connection);
			if (!isFirst && known.next !== undefined) {
				if (!isFresh) writing.found(known, state);
				continue;
			}
			known.opened(state);
			known.progressAt = clock.nowMs();
			const from = Math.max(0, state.acknowledged + 1);
			if (from < state.next && backlog === "push") replays.begin(known, from, state.next, state.committedMs);
		}
		for (const known of lanes.values()) if (known.next === undefined) known.opened(undefined);
		void next.gone.then((error) => {
			if (link !== next) return;
			link = undefined;
			if (closing.signal.aborted) return;
			trouble.threadEnded(error.message);
			opening = open();
		});
		isTried();
		writing.schedule();
	}

	return {
		lane,
		lanes: (): Lane[] => [...lanes.values()],
		receipts: acknowledgements.receipts,
		recount: replays.recount,
		replayFrom: replays.replayFrom,
		store: createSampleStore({ lanes, isOpen: () => sinceMs > 0, reading, wallMs: wallClock.nowMs, log }),
		/** Opens the file; comes back also when that fails, and keeps trying. */
		async start(): Promise<void> {
			closing = new AbortController();
			const tried = new Promise<void>((resolve) => {
				isTried = resolve;
			});
			opening = open();
			await tried;
			ticking = clock.every(tickMs, () => {
				writing.tick();
				if (backlog === "push" && acknowledgements.isAnybodyThere) replays.repeatForgotten();
			});
		},
		async stop(): Promise<void> {
			ticking?.cancel();
			await writing.end(() => keeper.waitingRows > 0);
			await acknowledgements.settled(() => [...lanes.values()].some((one) => one.isOwed));
			await writing.end(() => false);
			closing.abort(new Error("the ring is closed"));
			await replays.settled();
			const last = link;
			link = undefined;
			await last?.ask({ type: "close" }).catch(() => {});
			await last?.terminate();
			await opening;
		},
		configure(next: RingSettings): void {
			settings = next;
		},
		health(): Health {
			return trouble.health({ waiting: keeper.waitingRows, lost: writing.lost() });
		},
		ensureRoom(rows: number): void {
			if (keeper.waitingRows + rows > mostWaitingRows)
				throw new MillwrightError("sense.ring-behind", "The disk does not keep up; too many values wait already", {
					kind: "busy",
					hint: "Try again later.",
				});
		},
		figures: () => ({
			...size,
			...writing.figures(),
			waitingRows: keeper.waitingRows,
			sinceMs,
			longestOutageMs: acknowledgements.longestOutageMs,
			quarantined,
		}),
	};
}
export type Ring = ReturnType<typeof createRing>;
