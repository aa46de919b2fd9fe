import assert from "node:assert/strict";
import mqtt, { type MqttClient } from "mqtt";
import { until } from "../kit/platform.ts";
import type { Factory } from "./factory.ts";
import { connectMqtt, mqttKey } from "./mqtt-client.ts";
import { type Outcome, settle } from "./outcome.ts";

const perRound = 3;

interface Comer {
	client: MqttClient;
	/** The next number it must hear. */
	next: number;
	missed: number;
}

/**
 * Clients with lasting sessions are cut off all at once, are sent messages while they are away, and come back all at once, again
 * and again: each gets what waited for it, and who was there all the time misses no value.
 */
export async function reconnectStorm(
	factory: Factory,
	{ clients, rounds }: { clients: number; rounds: number },
): Promise<Outcome> {
	await factory.good();
	const key = await mqttKey(factory, `storm-${Date.now()}`);
	const counters = new Map<string, number>();
	let missed = 0;
	let heardAt = 0;
	let longestGapMs = 0;
	const reader = await connectMqtt(factory, {
		key,
		subscribe: "udt/#",
		hear(topic, payload, { retain }) {
			if (!topic.includes("/load-") || topic.includes("load-opcua") || retain) return;
			if (heardAt > 0) longestGapMs = Math.max(longestGapMs, performance.now() - heardAt);
			heardAt = performance.now();
			const { value, quality } = (JSON.parse(payload.toString()) as { measurement: { value: number; quality: string } })
				.measurement;
			if (quality !== "Good") return;
			const before = counters.get(topic);
			if (before !== undefined && value !== before + 1) missed++;
			counters.set(topic, value);
		},
	});
	const publisher = await connectMqtt(factory, { key });
	const comers = await Promise.all(
		Array.from({ length: clients }, async (_, index): Promise<Comer> => {
			const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${factory.mqttPort}`, {
				protocolVersion: 5,
				clientId: `comer-${index}`,
				clean: false,
				properties: { sessionExpiryInterval: 3600 },
				username: key.name,
				password: key.secret,
				reconnectPeriod: 0,
			});
			const comer: Comer = { client, next: 0, missed: 0 };
			client.on("error", () => {});
			client.on("message", (topic, payload) => {
				const number = Number(payload.toString());
				// QoS 1 may repeat what was not acknowledged when the line was cut.
				if (number < comer.next) return;
				comer.missed += number - comer.next;
				comer.next = number + 1;
				assert.equal(topic, `flood/comer/${index}`);
			});
			await client.subscribeAsync(`flood/comer/${index}`, { qos: 1 });
			return comer;
		}),
	);
	for (let round = 0; round < rounds; round++) {
		for (const { client } of comers) client.stream.destroy();
		await until(
			async () => comers,
			(all) => all.every(({ client }) => !client.connected),
			{ what: "every client cut off" },
		);
		for (let number = round * perRound; number < (round + 1) * perRound; number++)
			await Promise.all(
				comers.map((_, index) => publisher.client.publishAsync(`flood/comer/${index}`, String(number), { qos: 1 })),
			);
		for (const { client } of comers) client.reconnect();
		await until(
			async () => comers,
			(all) => all.every(({ client, next }) => client.connected && next === (round + 1) * perRound),
			{ what: "every client back with what waited for it", withinMs: 120_000 },
		);
	}
	const heard = reader.messages;
	await until(
		async () => reader.messages,
		(messages) => messages > heard + 100,
		{ what: "a subscriber that goes on hearing" },
	);
	assert.equal(reader.ends, 0, "who was there all the time was never cut off");
	assert.equal(missed, 0, "who was there all the time got every value in order");
	const lost = comers.reduce((sum, comer) => sum + comer.missed, 0);
	assert.equal(lost, 0, "every message that waited arrived");
	await Promise.all([reader.close(), publisher.close(), ...comers.map(({ client }) => client.endAsync(true))]);
	return settle(factory, { clients, rounds, waited: clients * rounds * perRound, longestGapMs: Math.round(longestGapMs) });
}
