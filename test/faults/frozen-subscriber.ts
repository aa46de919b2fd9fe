import assert from "node:assert/strict";
import { until } from "../kit/platform.ts";
import { usageOf } from "../kit/processes.ts";
import type { Factory } from "./factory.ts";
import { connectMqtt, freeze, type MqttKey, mqttKey } from "./mqtt-client.ts";
import { type Outcome, settle } from "./outcome.ts";

const floodBytes = 60_000;
const tooLargeBytes = 10_000_000;
const mostGrowthMb = 200;

/** A subscriber to everything that reads no more, and a publisher of ten megabytes: neither is felt by the one who reads. */
export async function frozenSubscriber(factory: Factory, { floods }: { floods: number }): Promise<Outcome> {
	await factory.good();
	const { server, session } = factory;
	const key = await mqttKey(factory, `frozen-${Date.now()}`);
	const counters = new Map<string, number>();
	let missed = 0;
	let flooded = 0;
	const reader = await connectMqtt(factory, {
		key,
		subscribe: "#",
		hear(topic, payload, { retain }) {
			if (topic.startsWith("flood/")) flooded++;
			if (!topic.includes("/load-") || topic.includes("load-opcua") || retain) return;
			const { value, quality } = (JSON.parse(payload.toString()) as { measurement: { value: number; quality: string } })
				.measurement;
			if (quality !== "Good") return;
			const before = counters.get(topic);
			if (before !== undefined && value !== before + 1) missed++;
			counters.set(topic, value);
		},
	});
	const frozen = await connectMqtt(factory, { key, subscribe: "#" });
	const publisher = await connectMqtt(factory, { key });
	await until(
		async () => reader.messages,
		(messages) => messages > 100,
		{ what: "a subscriber that hears" },
	);
	const residentBefore = usageOf(server.pid).residentMb;
	const thaw = freeze(frozen);
	const frozenAt = frozen.messages;
	const frozenId = frozen.client.options.clientId as string;
	const droppedOf = async () => (await session.namespace.clients({})).clients.find(({ id }) => id === frozenId)?.dropped;
	let published = 0;
	/** Undefined once the broker has given the client up: what was promised to it (QoS 1) may not be dropped in silence. */
	let dropped = await droppedOf();
	assert.equal(dropped, 0, "nothing was dropped before");
	// What the kernel holds for a frozen socket is megabytes; the queue behind it fills after that.
	while (published < floods || dropped === 0) {
		await publisher.client.publishAsync("flood/bytes", Buffer.alloc(floodBytes, published % 256), { qos: 1 });
		published++;
		dropped = await droppedOf();
		assert.ok(published < 2000, "the frozen subscriber's queue is bounded and says what it dropped");
	}
	const growthMb = usageOf(server.pid).residentMb - residentBefore;
	await until(
		async () => flooded,
		(heard) => heard === published,
		{ what: "every message at the subscriber that reads" },
	);
	assert.ok(growthMb < mostGrowthMb, `the server's memory grew by ${growthMb.toFixed(0)} MB`);

	assert.ok(frozen.messages - frozenAt < reader.messages / 10, "the frozen subscriber reads nothing");

	const told = await tooLarge(factory, key);
	const heard = reader.messages;
	await until(
		async () => reader.messages,
		(messages) => messages > heard + 100,
		{ what: "a subscriber that goes on hearing" },
	);
	thaw();
	assert.equal(reader.ends, 0, "the reading subscriber was never cut off");
	await Promise.all([reader, frozen, publisher].map((each) => each.close()));
	assert.equal(missed, 0, "the reading subscriber got every value in order");
	return settle(factory, {
		floods: published,
		frozenGivenUp: dropped === undefined ? 1 : 0,
		growthMb: Math.round(growthMb),
		tooLargeReason: told,
	});
}

/** Ten megabytes in one message: that client is told why and closed. Answers with the reason code of its DISCONNECT. */
async function tooLarge(factory: Factory, key: MqttKey): Promise<number> {
	const sender = await connectMqtt(factory, { key });
	let reason = 0;
	sender.client.on("disconnect", ({ reasonCode }) => {
		reason = reasonCode ?? 0;
	});
	sender.client.publish("udt/faults/large", Buffer.alloc(tooLargeBytes, 32), { qos: 1 }, () => {});
	await until(
		async () => sender.ends,
		(ends) => ends > 0,
		{ what: "the sender of ten megabytes closed" },
	);
	// MQTT 5 §3.14.2.1: packet too large.
	assert.equal(reason, 0x95);
	await sender.close();
	return reason;
}
