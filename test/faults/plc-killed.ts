import assert from "node:assert/strict";
import { loadAsset } from "../../apps/simulator/src/load-config.ts";
import { until } from "../kit/platform.ts";
import type { Factory } from "./factory.ts";
import { type Outcome, settle } from "./outcome.ts";
import { storyEnds } from "./quality-story.ts";

/** A line is cut and joined again; then the machines themselves lose power and come back with counters at 1. */
export async function plcKilled(factory: Factory): Promise<Outcome> {
	const { plant } = factory;
	await factory.good();
	const cutAt = Date.now();
	await factory.interrupt("line", () => plant.network("load-1", "cut"));
	await toldAsGone(factory, "load-1", cutAt);
	await factory.good(plant.targets.filter((target) => target !== "load-1"));
	await plant.network("load-1", "restore");
	await factory.good();
	await storyEnds(factory, `${loadAsset("load-1")}/counter-1`, cutAt - 1000, ["good", "bad:not-connected", "good"]);

	const killedAt = Date.now();
	await factory.interrupt("line", () => plant.kill());
	factory.resets.push(killedAt);
	for (const target of plant.targets) await toldAsGone(factory, target, killedAt);
	await plant.start();
	await factory.good();
	for (const target of plant.targets)
		await storyEnds(factory, `${loadAsset(target)}/counter-1`, killedAt - 1000, ["good", "bad:not-connected", "good"]);
	return settle(factory);
}

/** Waiting with a reason and a next try; every tag not connected, with the time of its last good value; the asset disconnected. */
async function toldAsGone(factory: Factory, connection: string, atMs: number): Promise<void> {
	const { session } = factory;
	await until(
		() => factory.status(connection),
		({ state, bad, tags }) => state === "waiting" && bad === tags,
		{ what: `${connection} waiting, all its tags bad`, everyMs: 20 },
	).then(({ reason }) => assert.ok(reason, "it says why it waits"));
	const asset = loadAsset(connection);
	const { condition, tags } = await until(
		() => session.twin.state({ asset }),
		({ condition }) => condition === "disconnected",
		{ what: `${asset} disconnected` },
	);
	assert.equal(condition, "disconnected");
	for (const { name, quality, lastGoodAt } of tags) {
		assert.equal(quality, "bad:not-connected", name);
		assert.ok(lastGoodAt !== undefined && lastGoodAt > atMs - 5000, `${name} keeps the time of its last good value`);
	}
	const { assets } = await session.twin.overview({ below: "" });
	assert.equal(assets.find((one) => one.asset === asset)?.condition, "disconnected", "the overview says so");
}
