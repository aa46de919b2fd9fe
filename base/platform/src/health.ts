import type { Health } from "@millwright/runtime";

/** A part's health under its name. */
export interface PartHealth extends Health {
	name: string;
}

const order = { good: 0, degraded: 1, failing: 2 } as const;

/** As good as the worst part. */
export const overall = (parts: readonly PartHealth[]): Health["state"] =>
	parts.reduce<Health["state"]>((worst, { state }) => (order[state] > order[worst] ? state : worst), "good");
