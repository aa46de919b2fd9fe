import { loadAsset } from "../../apps/simulator/src/load-config.ts";
import type { Factory } from "./factory.ts";
import { type Outcome, settle } from "./outcome.ts";
import { storyEnds } from "./quality-story.ts";

/** An OPC UA server comes back with its namespace at another index; addresses say the namespace's name and go on to hold. */
export async function newNodeIds(factory: Factory): Promise<Outcome> {
	await factory.good();
	const at = Date.now();
	await factory.interrupt("line", () => factory.plant.network("load-opcua", "restart-new-ids"));
	await factory.good();
	await storyEnds(factory, `${loadAsset("load-opcua")}/counter-1`, at - 1000, ["good", "bad:not-connected", "good"]);
	return settle(factory);
}
