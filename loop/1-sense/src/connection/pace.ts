import type { Clock } from "@millwright/core";
import type { Rolling } from "./rolling.ts";

/**
 * Runs `poll` at once and then at multiples of `everyMs` since 1970. A poll that takes too long delays the next and skips
 * what it missed; nothing piles up. Ends when the signal is aborted; `poll` must not reject.
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
	let slot = Math.floor(clock.nowMs() / everyMs);
	polls.add();
	await poll();
	while (!signal.aborted) {
		const due = (slot + 1) * everyMs;
		const wait = due - clock.nowMs();
		if (wait > everyMs * 2) {
			// The wall clock went back.
			slot = Math.floor(clock.nowMs() / everyMs);
			continue;
		}
		if (wait > 0) {
			try {
				await clock.sleep(wait, signal);
			} catch {
				return;
			}
		}
		const delay = clock.nowMs() - due;
		const missed = Math.min(10, Math.max(0, Math.floor(delay / everyMs)));
		slot = missed > 0 ? Math.floor(clock.nowMs() / everyMs) : slot + 1;
		polls.add(1 + missed);
		if (delay > everyMs / 2) late.add(Math.max(1, missed));
		await poll();
	}
}
