import type { Clock } from "@millwright/core";
import { createLatency } from "@millwright/runtime";
import { createRolling } from "./rolling.ts";

/** A value further in the future than this is a clock's fault, ms; time stamps are rarely finer than one or two. */
const futureMs = 5;
/** When even the youngest values are older than this, the machine's clock is behind, or nobody can tell, ms. */
const behindMs = 10_000;
const mostFromFuture = 0.01;

/**
 * How old values are when a machine sends them: from their source time to their arrival here, in the last minute. Means
 * something only while both clocks agree, and says nothing while they do not.
 */
export function createArrivals(clock: Clock) {
	const ages = createLatency({ nowMs: () => clock.monotonicMs() });
	const all = createRolling(() => clock.monotonicMs());
	const early = createRolling(() => clock.monotonicMs());
	return {
		add(ageMs: number): void {
			all.add();
			if (ageMs < -futureMs) early.add();
			else ages.add(Math.max(0, ageMs));
		},
		/** Undefined when nothing arrived, or the clocks do not agree. */
		ages(): { p50: number; p99: number } | undefined {
			if (ages.count === 0 || early.sum() > all.sum() * mostFromFuture || ages.quantile(0.01) > behindMs) return undefined;
			return { p50: ages.quantile(0.5), p99: ages.quantile(0.99) };
		},
	};
}
export type Arrivals = ReturnType<typeof createArrivals>;
