import { randomInt } from "node:crypto";

/** Waiting times that double from `first` to `longest` ms, each off by up to a fifth so that a plant does not knock in step. */
export function createBackoff({ first, longest }: { first: number; longest: number }) {
	let tries = 0;
	return {
		next(): number {
			const base = Math.min(longest, first * 2 ** Math.min(tries++, 30));
			return base * (0.8 + randomInt(0, 4001) / 10_000);
		},
		reset() {
			tries = 0;
		},
		get tries() {
			return tries;
		},
	};
}
export type Backoff = ReturnType<typeof createBackoff>;
