import type { Clock } from "@millwright/core";
import type { Rolling } from "./rolling.ts";

/** Share of a period by which a poll may be moved to come nearer to a multiple of it. */
const gently = 0.01;
/** Nearer to a multiple than this is on it, ms. */
const near = 1;

/**
 * Runs `poll` at once and then at multiples of `everyMs` since 1970. The steady clock keeps the pace: a wall clock that jumps
 * changes nothing but the multiples, which are approached little by little. A poll that takes too long delays the next and
 * skips what it missed; nothing piles up. Ends when the signal is aborted; `poll` must not reject.
 */
export async function keepPace({
	everyMs,
	poll,
	clock,
	signal,
	polls,
	late,
}: {
	everyMs: number;
	poll: () => Promise<void>;
	clock: Clock;
	signal: AbortSignal;
	polls: Rolling;
	/** Polls that began later than half a period after their time, or not at all. */
	late: Rolling;
}): Promise<void> {
	/** Since the last multiple, at a moment of the steady clock. */
	const past = (steadyMs: number): number => {
		const wallMs = Number(clock.now()) / 1e6 - (clock.monotonicMs() - steadyMs);
		return ((wallMs % everyMs) + everyMs) % everyMs;
	};
	const begun = clock.monotonicMs();
	let due = begun - past(begun);
	polls.add();
	await poll();
	while (!signal.aborted) {
		const ahead = past(due);
		const off = ahead > everyMs / 2 ? ahead - everyMs : ahead;
		if (Math.abs(off) > near) due -= Math.max(-gently * everyMs, Math.min(gently * everyMs, off));
		due += everyMs;
		const wait = due - clock.monotonicMs();
		if (wait > 0) {
			try {
				await clock.sleep(wait, signal);
			} catch {
				return;
			}
		}
		const delay = clock.monotonicMs() - due;
		const missed = Math.max(0, Math.floor(delay / everyMs));
		due += missed * everyMs;
		polls.add(1 + Math.min(10, missed));
		if (delay > everyMs / 2) late.add(Math.max(1, Math.min(10, missed)));
		await poll();
	}
}
