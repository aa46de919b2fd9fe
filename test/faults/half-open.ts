import { loadAsset } from "../../apps/simulator/src/load-config.ts";
import { until } from "../kit/platform.ts";
import type { Factory } from "./factory.ts";
import { type Outcome, settle } from "./outcome.ts";
import { storyEnds } from "./quality-story.ts";

/** Sockets stay open and nobody answers any more. */
export async function halfOpen(factory: Factory): Promise<Outcome> {
	const { plant } = factory;
	const targets = ["load-1", "load-opcua"];
	await factory.good();
	const frozenAt = Date.now();
	const before = new Map<string, number>();
	for (const target of targets) before.set(target, (await factory.status(target)).reconnects);
	await factory.interrupt("line", () => Promise.all(targets.map((target) => plant.network(target, "half-open"))));
	// Stale is told while the session still lives; not connected once it has been given up.
	for (const target of targets)
		await storyEnds(factory, `${loadAsset(target)}/counter-1`, frozenAt - 1000, ["good", "uncertain:stale", "bad:not-connected"]);
	await Promise.all(targets.map((target) => plant.network(target, "restore")));
	await factory.good();
	for (const target of targets)
		await until(
			() => factory.status(target),
			({ reconnects }) => reconnects > (before.get(target) as number),
			{ what: `${target} opened again` },
		);
	return settle(factory);
}
