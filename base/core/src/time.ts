/** Nanoseconds since 1970 UTC. */
export type Nanos = bigint;

export interface Timer {
	cancel(): void;
}

/** Time as a part asks for it; handed in, so that tests can turn it. */
export interface Clock {
	/** Wall clock, ns since 1970 UTC. May jump. */
	now(): Nanos;
	/** Wall clock, whole ms since 1970 UTC. May jump. */
	nowMs(): number;
	/** Never jumps, ms with a fraction, no meaning but differences. */
	monotonicMs(): number;
	/** Runs once after `ms`; does not keep the process alive by itself. */
	after(ms: number, run: () => void): Timer;
	/** Runs every `ms` until cancelled; a slow run delays, never piles up. */
	every(ms: number, run: () => void): Timer;
	/** Resolves after `ms`; rejects with the signal's reason when aborted. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const isoPattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** ISO 8601 in UTC with as many of nine fraction digits as carry something, at least `digits`. */
export function isoFromNanos(time: Nanos, digits = 3): string {
	let rest = time % 1_000_000_000n;
	let seconds = time / 1_000_000_000n;
	if (rest < 0n) {
		rest += 1_000_000_000n;
		seconds -= 1n;
	}
	const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
	const fraction = rest.toString().padStart(9, "0").replace(/0+$/, "").padEnd(digits, "0");
	return fraction ? `${whole}.${fraction}Z` : `${whole}Z`;
}

/** ns since 1970 from ISO 8601 with a zone and up to nine fraction digits; undefined where the text is not that. */
export function nanosFromIso(text: string): Nanos | undefined {
	const match = isoPattern.exec(text);
	if (!match) return undefined;
	const ms = Date.parse(`${match[1]}${match[3]}`);
	if (Number.isNaN(ms) || !isDay(match[1] as string)) return undefined;
	return BigInt(ms) * 1_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}

/** The 30th of February would be read as a day in March. */
function isDay(text: string): boolean {
	const day = Number(text.slice(8, 10));
	return day <= 28 || day <= new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
}

/** ms since 1970 with a fraction, to ns, without losing what a double can hold. */
export function nanosFromMs(ms: number): Nanos {
	const whole = Math.floor(ms);
	return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1_000_000));
}

/** Whole ms since 1970, rounded down. */
export const msFromNanos = (time: Nanos): number => {
	const ms = time / 1_000_000n;
	return Number(time < 0n && time % 1_000_000n !== 0n ? ms - 1n : ms);
};
