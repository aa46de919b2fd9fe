import assert from "node:assert/strict";
import { until } from "../kit/platform.ts";
import type { Outcome } from "./outcome.ts";
import { seeded } from "./seeded.ts";
import { gateway, type Spine } from "./spine.ts";
import { settleSpine } from "./spine-outcome.ts";
import { createTampering } from "./tampering.ts";

/** Somebody sits in the line and does what he can without a key; what he spoils is counted and comes again by itself. */
export async function lineTampered(
	spine: Spine,
	{ tricks, seed, share = 0.2 }: { tricks: number; seed: number; share?: number },
): Promise<Outcome> {
	const { cable, session } = spine;
	await spine.more(20, "values at the centre");
	const tampering = createTampering({ random: seeded(seed), share, tear: () => cable.cut() });
	cable.tamper(tampering.middle);
	cable.cut();
	const sum = () => Object.values(tampering.done).reduce((total, one) => total + one, 0);
	await until(
		async () => sum(),
		(done) => done >= tricks,
		{ what: `${tricks} tricks`, withinMs: 30_000 + tricks * 300 },
	);
	cable.tamper(undefined);
	cable.cut();
	const outcome = await settleSpine(spine);
	const { refusals } = (await session.namespace.gateway({ gateway })).gateway;
	// With few tricks chance may leave a kind out.
	const kinds = tricks < 200 ? (["duplicate", "forged"] as const) : (["duplicate", "forged", "malformed", "replayed"] as const);
	for (const kind of kinds)
		assert.ok(
			refusals[kind] > 0,
			`the centre has counted what was ${kind}: ${JSON.stringify({ refusals, done: tampering.done })}`,
		);
	const { letters } = await session.namespace.deadLetters({});
	assert.ok(letters.length > 0, "what was refused can be looked at");
	const named = (prefix: string, counts: Record<string, number>) =>
		Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix} ${name}`, count]));
	return {
		...outcome,
		figures: {
			...outcome.figures,
			...named("sent", tampering.done),
			...named("counted", refusals),
			resent: spine.edgeStatus()?.uplink.resentRows ?? 0,
		},
	};
}
