import assert from "node:assert/strict";
import { until } from "../kit/platform.ts";
import { usageOf } from "../kit/processes.ts";
import type { Factory } from "./factory.ts";
import { connectMqtt, freeze, mqttKey } from "./mqtt-client.ts";
import { type Outcome, settle } from "./outcome.ts";

const payloadBytes = 500;
const mostGrowthMb = 300;

/**
 * Publishers that send as fast as their sockets take it, a subscriber that reads a little at a time and one that reads nothing:
 * who reads gets everything in order, and the plant's values go on.
 */
export async function floodingClients(
	factory: Factory,
	{ publishers, messages }: { publishers: number; messages: number },
): Promise<Outcome> {
	await factory.good();
	const { server, session } = factory;
	const key = await mqttKey(factory, `flooding-${Date.now()}`);
	const counting = () => {
		const next = new Map<string, number>();
		const seen = { heard: 0, outOfOrder: 0 };
		const hear = (topic: string, payload: Buffer): void => {
			const number = payload.readUInt32BE();
			seen.heard++;
			if (number !== (next.get(topic) ?? 0)) seen.outOfOrder++;
			next.set(topic, number + 1);
		};
		return { seen, hear };
	};
	const [well, slowly] = [counting(), counting()];
	const reader = await connectMqtt(factory, { key, subscribe: "flood/#", hear: well.hear });
	const slow = await connectMqtt(factory, { key, subscribe: "flood/#", hear: slowly.hear });
	const frozen = await connectMqtt(factory, { key, subscribe: "flood/#" });
	const residentBefore = usageOf(server.pid).residentMb;
	const thaw = freeze(frozen);
	// Reads for a moment, then looks away for one.
	const blinking = setInterval(
		() => (slow.client.stream.isPaused() ? slow.client.stream.resume() : slow.client.stream.pause()),
		20,
	);

	const floods = await Promise.all(Array.from({ length: publishers }, () => connectMqtt(factory, { key })));
	for (const [index, { client }] of floods.entries())
		for (let number = 0; number < messages; number++) {
			const payload = Buffer.alloc(payloadBytes);
			payload.writeUInt32BE(number);
			client.publish(`flood/many/${index}`, payload, { qos: 1 }, () => {});
		}
	const all = publishers * messages;
	await until(
		async () => [well.seen.heard, slowly.seen.heard],
		(heard) => heard.every((count) => count === all),
		{ what: `${all} messages at the subscribers that read`, withinMs: 60_000 },
	).catch((error: unknown) => {
		throw new Error(`${String(error)}: heard ${well.seen.heard} and ${slowly.seen.heard}, ends ${reader.ends} and ${slow.ends}`);
	});
	clearInterval(blinking);
	const growthMb = usageOf(server.pid).residentMb - residentBefore;
	assert.ok(growthMb < mostGrowthMb, `the server's memory grew by ${growthMb.toFixed(0)} MB`);
	assert.deepEqual([well.seen.outOfOrder, slowly.seen.outOfOrder], [0, 0], "in order for both who read");
	assert.deepEqual([reader.ends, slow.ends], [0, 0], "nobody who reads was cut off");
	const frozenId = frozen.client.options.clientId as string;
	const there = (await session.namespace.clients({})).clients.find(({ id }) => id === frozenId);
	thaw();
	await Promise.all([reader, slow, frozen, ...floods].map((each) => each.close()));
	return settle(factory, {
		messages: all,
		growthMb: Math.round(growthMb),
		frozenGivenUp: there === undefined ? 1 : 0,
	});
}
