import type { Clock } from "@millwright/core";

/** How much may be saved up while nothing is sent, s. */
const savedSeconds = 0.25;

/** Bytes a second, on the average of a quarter of a second; a message larger than that is paid off before the next. */
export function createBudget({ clock, perSecond }: { clock: Clock; perSecond: () => number | null }) {
	let tokens = 0;
	let atMs = clock.monotonicMs();
	let isNew = true;

	function refill(rate: number): void {
		const nowMs = clock.monotonicMs();
		tokens = isNew ? rate * savedSeconds : Math.min(rate * savedSeconds, tokens + ((nowMs - atMs) * rate) / 1000);
		isNew = false;
		atMs = nowMs;
	}

	return {
		/** Ms until something may be sent; 0 for now. */
		wait(): number {
			const rate = perSecond();
			if (rate === null) return 0;
			refill(rate);
			return tokens > 0 ? 0 : Math.ceil((-tokens * 1000) / rate) + 1;
		},
		spend(bytes: number): void {
			if (perSecond() !== null) tokens -= bytes;
		},
		/** The largest message that does not keep those behind it waiting for long. */
		messageBytes(largest: number): number {
			const rate = perSecond();
			return rate === null ? largest : Math.min(largest, Math.max(4096, Math.floor(rate * savedSeconds)));
		},
	};
}

/** Bytes a second over the last seconds. */
export function createRate({ clock, overMs = 5000 }: { clock: Clock; overMs?: number }) {
	const steps: { atMs: number; amount: number }[] = [];
	let sum = 0;
	const drop = (nowMs: number): void => {
		while (steps.length > 0 && (steps[0] as { atMs: number }).atMs < nowMs - overMs) sum -= steps.shift()?.amount ?? 0;
	};
	return {
		add(amount: number): void {
			const nowMs = clock.monotonicMs();
			const newest = steps.at(-1);
			if (newest && nowMs - newest.atMs < 100) newest.amount += amount;
			else steps.push({ atMs: nowMs, amount });
			sum += amount;
			drop(nowMs);
		},
		perSecond(): number {
			drop(clock.monotonicMs());
			return (sum * 1000) / overMs;
		},
	};
}
