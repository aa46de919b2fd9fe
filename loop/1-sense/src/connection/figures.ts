import type { Clock } from "@millwright/core";
import { createLatency, type Latency } from "@millwright/runtime";
import { createRolling, type Rolling } from "./rolling.ts";

/** What a connection measures about itself, over its sessions. */
export interface ConnectionFigures {
	/** Of requests, from asking to the answer. */
	latency: Latency;
	requests: Rolling;
	/** Since start. */
	failures: number;
	values: Rolling;
	polls: Rolling;
	/** Polls that began later than half a period after their time, or not at all. */
	late: Rolling;
}

export function createConnectionFigures(clock: Clock): ConnectionFigures {
	const steady = () => clock.monotonicMs();
	return {
		latency: createLatency({ nowMs: steady }),
		requests: createRolling(steady),
		failures: 0,
		values: createRolling(steady),
		polls: createRolling(steady),
		late: createRolling(steady),
	};
}
