import { until } from "../kit/platform.ts";
import type { Outcome } from "./outcome.ts";
import { gateway, type Spine } from "./spine.ts";
import { settleSpine } from "./spine-outcome.ts";

/** The line to the centre stands and hands nothing on: both sides say so, nothing is read less, and it is made anew. */
export async function lineHalfOpen(spine: Spine, { rounds = 1 }: { rounds?: number } = {}): Promise<Outcome> {
	const { cable, session } = spine;
	const noticedMs: number[] = [];
	for (let round = 0; round < rounds; round++) {
		await spine.more(20, "values at the centre");
		const began = performance.now();
		cable.mute();
		const down = await until(
			async () => spine.edgeStatus(),
			(status) => status !== undefined && status.uplink.state !== "connected" && status.uplink.reason !== undefined,
			{ what: "the edge saying that its line is down, and why" },
		);
		noticedMs.push(performance.now() - began);
		await until(
			async () => (await session.namespace.gateway({ gateway })).gateway,
			({ state, reason }) => state === "away" && reason !== undefined,
			{ what: "the centre saying that the gateway is away, and why" },
		);
		await until(
			async () => spine.edgeStatus(),
			(status) => (status?.ledger.sent ?? 0) > (down?.ledger.sent ?? 0) + 400,
			{ what: "values read on while nobody takes them" },
		);
		cable.plug();
		await until(
			async () => (await session.namespace.gateway({ gateway })).gateway,
			({ state }) => state === "connected",
			{ what: "the gateway back by itself", withinMs: 60_000 },
		);
	}
	return settleSpine(spine, { figures: { noticedMs: Math.round(Math.max(...noticedMs)) } });
}
