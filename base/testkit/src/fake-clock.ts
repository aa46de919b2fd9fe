import type { Clock, Timer } from "@millwright/core";

interface Due {
	at: number;
	order: number;
	run: () => void;
	every?: number;
}

export interface FakeClock extends Clock {
	/** Runs what falls due, in order, letting promises settle after each. */
	advance(ms: number): Promise<void>;
	/** The wall clock jumps; the steady clock and timers do not. */
	set(ms: number): void;
}

/** Time that moves only when told. */
export function createFakeClock({ startMs = Date.UTC(2026, 0, 5, 6) }: { startMs?: number } = {}): FakeClock {
	let steady = 0;
	let wall = startMs;
	let order = 0;
	const due = new Set<Due>();

	const settle = async () => {
		for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
	};
	const add = (entry: Due): Timer => {
		due.add(entry);
		return { cancel: () => void due.delete(entry) };
	};

	return {
		now: () => BigInt(Math.round(wall * 1000)) * 1000n,
		nowMs: () => Math.floor(wall),
		monotonicMs: () => steady,
		after: (ms, run) => add({ at: steady + ms, order: order++, run }),
		every: (ms, run) => add({ at: steady + ms, order: order++, run, every: ms }),
		sleep(ms, signal) {
			return new Promise((resolve, reject) => {
				if (signal?.aborted) return reject(signal.reason);
				const timer = add({ at: steady + ms, order: order++, run: resolve });
				signal?.addEventListener("abort", () => {
					timer.cancel();
					reject(signal.reason);
				});
			});
		},
		async advance(ms) {
			const until = steady + ms;
			await settle();
			for (;;) {
				const next = [...due].filter((entry) => entry.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];
				if (!next) break;
				wall += next.at - steady;
				steady = next.at;
				if (next.every === undefined) due.delete(next);
				else next.at += Math.max(next.every, 0.001);
				next.run();
				await settle();
			}
			wall += until - steady;
			steady = until;
			await settle();
		},
		set: (ms) => {
			wall = ms;
		},
	};
}
