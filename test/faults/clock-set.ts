import assert from "node:assert/strict";
import { until } from "../kit/platform.ts";
import type { Outcome } from "./outcome.ts";
import { gateway, type Side, type Spine } from "./spine.ts";
import { settleSpine } from "./spine-outcome.ts";

const hour = 3600;
/** A program looks at its false clock once a second, on a busy machine later; far less than an hour is all that matters. */
const settledMs = 60_000;

/** The wall clock of one side is set an hour ahead, right again, an hour back, right again, under load. */
export async function clockSet(
	spine: Spine,
	{ side, settings = [hour, 0, -hour, 0] }: { side: Side /** Ahead of the true time, s. */; settings?: readonly number[] },
): Promise<Outcome> {
	const clock = spine.clocks[side];
	assert.ok(clock, "the side's clock is in our hands");
	const line = async () => (await spine.session.namespace.gateway({ gateway })).gateway;
	const stretches: { from: number; until: number; aheadMs: number }[] = [];
	let from = Date.now() - settledMs;
	let ahead = 0;
	await spine.more(50, "values at the centre");
	for (const next of settings) {
		stretches.push({ from, until: Date.now() + settledMs, aheadMs: ahead * 1000 });
		from = Date.now() - settledMs;
		ahead = next;
		clock.set(next);
		// What the gateway's clock is ahead of the centre's.
		const expected = (side === "edge" ? next : -next) * 1000;
		await until(line, ({ skewed, offsetMs }) => skewed === (next !== 0) && Math.abs((offsetMs ?? 0) - expected) < 5000, {
			what: `the centre saying that the clocks are ${expected} ms apart`,
			withinMs: 60_000,
		});
		await spine.more(50, "values after the clock was set");
	}
	stretches.push({ from, until: Date.now() + (hour * 1000) / 2, aheadMs: 0 });
	// An hour lies between the stretches' own times, so each time belongs to one of them alone.
	const isIn = (ms: number) => (one: (typeof stretches)[number]) => ms >= one.from && ms <= one.until;
	const trueTime = (ms: number): number => {
		for (const aheadMs of [0, hour * 1000, -hour * 1000])
			if (stretches.some((one) => one.aheadMs === aheadMs && isIn(ms - aheadMs)(one))) return ms - aheadMs;
		return ms;
	};
	return settleSpine(spine, { figures: { jumps: settings.length }, ...(side === "edge" ? { trueTime } : {}) });
}
