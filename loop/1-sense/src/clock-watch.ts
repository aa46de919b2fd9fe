import { type Bus, type Clock, type Log, type Nanos, Quality } from "@millwright/core";
import { clockJumped } from "./api.ts";

/** The wall clock against the steady one: a difference that grows faster than clocks drift is a jump, ms. */
const jumpMs = 250;
/** Time services turn a clock at most so fast. Source: adjtime, 500 ppm; twice that. */
const driftPerMs = 0.001;

export interface ClockWatch {
	/** The clock for times of values: never goes back by less than a jump; it waits instead. */
	readonly clock: Clock;
	/** Of a value whose time this clock gave: uncertain while times come that were given before. */
	qualityAt(ms: number): Quality;
	/** Looks by itself when nobody asks for the time. */
	tick(): void;
	readonly jumps: number;
}

/** Notices when somebody sets the clock of this machine. What was read before and after is not made to fit: it is marked and said. */
export function createClockWatch({ clock, bus, log }: { clock: Clock; bus: Bus; log: Log }): ClockWatch {
	let newest: Nanos | undefined;
	let offset = 0;
	let lookedAt = 0;
	let repeatsUntilMs = Number.NEGATIVE_INFINITY;
	let jumps = 0;

	function now(): Nanos {
		const time = clock.now();
		const steady = clock.monotonicMs();
		const ms = Number(time) / 1e6;
		if (newest === undefined) {
			offset = ms - steady;
			lookedAt = steady;
			newest = time;
			return time;
		}
		const by = ms - steady - offset;
		if (Math.abs(by) >= jumpMs) {
			offset += by;
			jumped(by, ms);
			newest = time;
		} else {
			const drift = (steady - lookedAt) * driftPerMs;
			offset += Math.max(-drift, Math.min(drift, by));
		}
		lookedAt = steady;
		if (time < newest) return newest;
		newest = time;
		return time;
	}

	function jumped(by: number, ms: number): void {
		jumps++;
		// Several jumps back and forth: whatever was given once may come again.
		repeatsUntilMs = Math.max(repeatsUntilMs, Number(newest) / 1e6);
		const at = Math.floor(ms);
		const byMs = Math.round(by);
		log.warn("The clock of this machine jumped", { byMs, at: new Date(at).toISOString() });
		bus.emit(clockJumped, { byMs, at });
	}

	return {
		clock: { ...clock, now, nowMs: () => Math.floor(Number(now()) / 1e6) },
		qualityAt: (ms) => (ms <= repeatsUntilMs ? Quality.uncertainClock : Quality.good),
		tick: () => void now(),
		get jumps() {
			return jumps;
		},
	};
}

/** Wall time as it was when this began, and what has passed since: for ages, which a jump must not change. */
export function createSteadyWall(clock: Clock): () => number {
	const offset = clock.nowMs() - clock.monotonicMs();
	return () => Math.floor(clock.monotonicMs() + offset);
}
