import type { Clock } from "@millwright/core";

/** Resolves when the work has settled either way, or after `ms`: for goodbyes that must not hold up anybody. */
export function settledWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
	return new Promise((resolve) => {
		const timer = clock.after(ms, resolve);
		const done = () => {
			timer.cancel();
			resolve();
		};
		work.then(done, done);
	});
}
