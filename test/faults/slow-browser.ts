import assert from "node:assert/strict";
import { openLiveSocket } from "../kit/live-socket.ts";
import { until } from "../kit/platform.ts";
import { usageOf } from "../kit/processes.ts";
import type { Factory } from "./factory.ts";
import { type Outcome, settle } from "./outcome.ts";

const mostGrowthMb = 150;

/** A browser that stops reading, beside one that reads on. */
export async function slowBrowser(factory: Factory, { frames }: { frames: number }): Promise<Outcome> {
	await factory.good();
	const { session, url, server } = factory;
	const [slow, quick] = await Promise.all([openLiveSocket(url, session), openLiveSocket(url, session)]);
	for (const live of [slow, quick]) live.send({ t: "subscribe", id: 1, tags: ["#"] });
	const reads = (live: typeof slow, more: number) => {
		const seen = live.frames;
		return until(
			async () => live.frames - seen,
			(new_) => new_ >= more,
			{ what: `${more} live frames`, withinMs: 60_000 },
		);
	};
	await Promise.all([reads(slow, 5), reads(quick, 5)]);
	const residentBefore = usageOf(server.pid).residentMb;
	slow.socket.pause();
	await reads(quick, frames);
	const growthMb = usageOf(server.pid).residentMb - residentBefore;
	assert.ok(growthMb < mostGrowthMb, `the server's memory grew by ${growthMb.toFixed(0)} MB`);
	assert.equal(quick.isClosed, false);

	const newest = new Map(quick.newest);
	slow.socket.resume();
	await until(
		async () => [...newest].filter(([tag, value]) => Number(slow.newest.get(tag)) < Number(value)).length,
		(behind) => behind === 0,
		{ what: "the slow browser knows the newest values" },
	);
	const { skipped } = slow;
	for (const live of [slow, quick]) live.end();
	return settle(factory, { framesMeanwhile: frames, skipped, growthMb: Math.round(growthMb) });
}
