import type { Clock } from "@millwright/core";

/** So many requests at once and a pause after each; the others wait in line. */
export function createGate({ limit, pauseMs, clock }: { limit: number; pauseMs: number; clock: Clock }) {
	let free = limit;
	const line: { go(): void }[] = [];
	const release = (): void => {
		const next = line.shift();
		if (next) next.go();
		else free++;
	};
	return {
		/** Rejects with the signal's reason when it is aborted while waiting. */
		enter(signal: AbortSignal): Promise<void> {
			if (signal.aborted) return Promise.reject(signal.reason as Error);
			if (free > 0) {
				free--;
				return Promise.resolve();
			}
			return new Promise((resolve, reject) => {
				const place = {
					go() {
						signal.removeEventListener("abort", gone);
						resolve();
					},
				};
				const gone = () => {
					line.splice(line.indexOf(place), 1);
					reject(signal.reason as Error);
				};
				signal.addEventListener("abort", gone, { once: true });
				line.push(place);
			});
		},
		leave(): void {
			if (pauseMs > 0) clock.after(pauseMs, release);
			else release();
		},
	};
}
export type Gate = ReturnType<typeof createGate>;
