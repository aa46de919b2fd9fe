import type { Clock } from "@millwright/core";
import type { SampleReceipts } from "../api.ts";
import type { Lane } from "./lane.ts";

/** An acknowledgement later than this is called an outage. */
const outageMs = 2000;

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

	const receipts: SampleReceipts = {
		acknowledge(connection, through) {
			const lane = laneOf(connection);
			if (!lane || lane.next === undefined || through <= lane.acknowledged) return;
			isAnybodyThere = true;
			lane.acknowledged = Math.min(through, lane.committed);
			lane.progressAt = clock.nowMs();
			lane.patienceMs = undefined;
			if (lane.mark && lane.acknowledged >= lane.mark.through) {
				const waited = clock.nowMs() - lane.mark.ms;
				if (waited > outageMs && waited > longestOutageMs) longestOutageMs = waited;
				lane.mark = lane.committed > lane.acknowledged ? { through: lane.committed, ms: clock.nowMs() } : undefined;
			}
			unwritten.add(lane);
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
