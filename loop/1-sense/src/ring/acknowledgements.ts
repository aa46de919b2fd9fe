import type { Clock, Timer } from "@millwright/core";
import type { RangeReceipts } from "../api.ts";
import type { Lane } from "./lane.ts";

/** An acknowledgement later than this is called an outage. */
const outageMs = 2000;
/** At the end receipts are waited for at most so long, and no longer than this after the last one came, ms. */
const mostWaitMs = 2000;
const quietMs = 700;

/** How far the history has come, per connection, on its way into the file; and how long it was away at most. */
export function createAcknowledgements({
	laneOf,
	clock,
}: {
	/** Only lanes that are known already. */
	laneOf: (connection: string) => Lane | undefined;
	clock: Clock;
}) {
	const unwritten = new Set<Lane>();
	let longestOutageMs = 0;
	let isAnybodyThere = false;

	function acknowledge(lane: Lane | undefined, first: number, last: number): void {
		if (!lane || lane.next === undefined || !lane.acknowledge(first, last)) return;
		isAnybodyThere = true;
		lane.progressAt = clock.nowMs();
		lane.patienceMs = undefined;
		const { acknowledged } = lane;
		if (lane.mark && acknowledged >= lane.mark.through) {
			const waited = clock.nowMs() - lane.mark.ms;
			if (waited > outageMs && waited > longestOutageMs) longestOutageMs = waited;
			lane.mark = lane.committed > acknowledged ? { through: lane.committed, ms: clock.nowMs() } : undefined;
		}
		unwritten.add(lane);
		look();
	}

	/** Settles `settled` when nothing of this run is owed any more. */
	let look: () => void = () => {};

	const receipts: RangeReceipts = {
		acknowledge(connection, through) {
			acknowledge(laneOf(connection), 0, through);
		},
		acknowledgeRange(connection, first, last) {
			acknowledge(laneOf(connection), first, last);
		},
	};

	return {
		receipts,
		/** Has anything ever been acknowledged in this run? */
		get isAnybodyThere(): boolean {
			return isAnybodyThere;
		},
		get longestOutageMs(): number {
			return longestOutageMs;
		},
		/**
		 * Waits for the receipts of what was delivered, as long as they come: what they say need not be said again after a
		 * restart. Nobody waits for a consumer that never sent one.
		 */
		settled(isOwed: () => boolean): Promise<void> {
			if (!isAnybodyThere || !isOwed()) return Promise.resolve();
			return new Promise((resolve) => {
				let quiet: Timer;
				const end = () => {
					quiet.cancel();
					most.cancel();
					look = () => {};
					resolve();
				};
				const most = clock.after(mostWaitMs, end);
				const listen = () => {
					quiet = clock.after(quietMs, end);
				};
				look = () => {
					quiet.cancel();
					if (isOwed()) listen();
					else end();
				};
				listen();
			});
		},
		/** As the file knows it. */
		outageBefore(ms: number): void {
			longestOutageMs = Math.max(longestOutageMs, ms);
		},
		get unwritten(): number {
			return unwritten.size;
		},
		/** What the next commit carries. */
		take(): Lane[] {
			const taken = [...unwritten];
			unwritten.clear();
			return taken;
		},
		putBack(lane: Lane): void {
			unwritten.add(lane);
		},
	};
}
export type Acknowledgements = ReturnType<typeof createAcknowledgements>;
