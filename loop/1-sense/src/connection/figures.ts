import type { Clock } from "@millwright/core";
import { createLatency, type Latency } from "@millwright/runtime";
import { type Arrivals, createArrivals } from "./arrivals.ts";
import { createRolling, type Rolling } from "./rolling.ts";

/** What a connection measures about itself, over its sessions. */
export interface ConnectionFigures {
	/** Of requests, from asking to the answer. */
	latency: Latency;
	requests: Rolling;
	/** Of values the machine sends by itself. */
	arrivals: Arrivals;
	/** Does the machine send by itself, or is it asked? Of the newest session. */
	isSending: boolean;
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
		arrivals: createArrivals(clock),
		isSending: false,
		failures: 0,
		values: createRolling(steady),
		polls: createRolling(steady),
		late: createRolling(steady),
	};
}
