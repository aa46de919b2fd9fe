import type { Clock } from "@millwright/core";

/** A promise that settles at the latest when time is up or a signal falls, whatever the work does; the work itself is not stopped. */
export function within<T>(
	work: Promise<T>,
	{ clock, ms, signals, late }: { clock: Clock; ms: number; signals: readonly AbortSignal[]; late: () => Error },
): Promise<T> {
	return new Promise((resolve, reject) => {
		const fallen = signals.find(({ aborted }) => aborted);
		if (fallen) {
			work.catch(() => {});
			reject(fallen.reason);
			return;
		}
		const settle = (): void => {
			timer.cancel();
			for (const signal of signals) signal.removeEventListener("abort", onAbort);
		};
		const onAbort = (event: Event): void => {
			settle();
			reject((event.target as AbortSignal).reason);
		};
		const timer = clock.after(ms, () => {
			settle();
			reject(late());
		});
		for (const signal of signals) signal.addEventListener("abort", onAbort);
		work.then(
			(value) => {
				settle();
				resolve(value);
			},
			(error) => {
				settle();
				reject(error);
			},
		);
	});
}

/** Pieces of at most `size`. */
export function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
	for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
