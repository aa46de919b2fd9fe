import assert from "node:assert/strict";
import { until } from "../kit/platform.ts";
import type { Outcome } from "./outcome.ts";
import type { Side, Spine } from "./spine.ts";
import { settleSpine } from "./spine-outcome.ts";

interface PlatformHealth {
	parts: { name: string; state: string; reason?: string; hint?: string }[];
}

export async function healthOf({ session }: Spine): Promise<PlatformHealth> {
	const answer = await fetch(`${session.url}/api/platform/health`, { headers: { cookie: session.cookie } });
	return (await answer.json()) as PlatformHealth;
}

/** The disk under one side runs full to the last byte under load; it is said, nobody ends, and room is all it takes. */
export async function diskFull(spine: Spine, { side }: { side: Side }): Promise<Outcome> {
	const disk = spine.disks[side];
	assert.ok(disk, "the side has a disk of its own");
	await spine.more(100, "values at the centre");
	disk.fill();
	const began = Date.now();
	if (side === "centre") {
		await until(
			() => healthOf(spine),
			({ parts }) => parts.some(({ state, reason }) => state === "failing" && reason !== undefined),
			{ what: "the centre saying what fails", withinMs: 60_000 },
		);
		const waiting = spine.edgeStatus()?.ledger.sent ?? 0;
		await until(
			async () => spine.edgeStatus(),
			(status) => (status?.uplink.backlogRows ?? 0) > 2000 && (status?.ledger.sent ?? 0) > waiting + 2000,
			{ what: "the edge keeping what the centre has no room for", withinMs: 60_000 },
		);
	} else {
		// Its own status cannot be written there; its log and the centre tell.
		await until(
			async () => spine.running("edge").errors(),
			(words) => /disk/i.test(words) && /full/i.test(words),
			{ what: "the edge saying that its disk is full", withinMs: 60_000 },
		);
		await until(
			async () => Date.now() - began,
			(passed) => passed > 5000,
			{ what: "some seconds without room" },
		);
	}
	disk.free();
	await spine.more(200, "values stored again once there is room");
	if (side === "centre")
		await until(
			() => healthOf(spine),
			({ parts }) => parts.every(({ state }) => state !== "failing"),
			{ what: "nothing failing any more", withinMs: 60_000 },
		);
	return settleSpine(spine, { figures: { fullForMs: Date.now() - began } });
}
