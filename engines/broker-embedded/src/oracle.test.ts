import { matchesFilter } from "@millwright/core";
import type { Packet } from "mqtt-packet";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { conversations } from "./testing/conversations.ts";
import { mosquittoProgram, startMosquitto } from "./testing/mosquitto.ts";
import { RawClient } from "./testing/raw-client.ts";

/** Where the two may differ, and why. Everything else must be the same. */
const waivers: Record<string, { why: string; apply(packet: Record<string, unknown>): Record<string, unknown> | undefined }> = {
	"connack properties": {
		why: "Each broker announces its own limits; the assigned client identifier must be given by both.",
		apply: (packet) => {
			if (packet.cmd !== "connack") return packet;
			const assigned = (packet.properties as { assignedClientIdentifier?: string } | undefined)?.assignedClientIdentifier;
			return { ...packet, properties: assigned === undefined ? {} : { assignedClientIdentifier: "given" } };
		},
	},
	"no matching subscribers": {
		why: "PUBACK 0x10 is optional (MQTT 5 §3.4.2.1); this broker says 0x00.",
		apply: (packet) => (packet.cmd === "puback" && packet.reasonCode === 0x10 ? { ...packet, reasonCode: 0 } : packet),
	},
	"PUBCOMP of nothing": {
		why: "MQTT 5 §3.7.2.1 has a code for it, 0x92; Mosquitto says 0x00.",
		apply: (packet) => (packet.cmd === "pubcomp" && packet.reasonCode === 0x92 ? { ...packet, reasonCode: 0 } : packet),
	},
	"answer to a broken CONNECT": {
		why: "A CONNACK with the reason is optional (MQTT 5 §4.13.1).",
		apply: (packet) => (packet.cmd === "connack" && [0x81, 0x82].includes(packet.returnCode as number) ? undefined : packet),
	},
	"disconnect of a client that broke the protocol": {
		why: "The reason code and whether one is sent at all are optional (MQTT 5 §4.13.1); Mosquitto often just closes.",
		apply: (packet) => (packet.cmd === "disconnect" ? undefined : packet),
	},
};

function normalised(packets: readonly Packet[]): unknown[] {
	const plain = packets.map(({ length: _, ...packet }) => {
		const { payload, properties, messageId, ...rest } = packet as unknown as Record<string, unknown>;
		const shown: Record<string, unknown> = { ...rest };
		if (payload !== undefined) shown.payload = String(payload);
		if (properties !== undefined) shown.properties = JSON.parse(JSON.stringify(properties)) as unknown;
		// Our packet identifiers come back in answers; the broker's own are its business.
		if (packet.cmd !== "publish" && messageId !== undefined) shown.messageId = messageId;
		return shown;
	});
	return plain
		.map((packet) =>
			Object.values(waivers).reduce<Record<string, unknown> | undefined>((left, { apply }) => left && apply(left), packet),
		)
		.filter((packet) => packet !== undefined);
}

/** Clients in order, what each received, and whether it was cut off. */
async function transcript(port: number, name: string): Promise<Record<string, unknown>> {
	const clients = new Map<string, RawClient>();
	const keep = (who: string, client: RawClient): RawClient => {
		clients.set(who, client);
		return client;
	};
	await conversations[name]?.({
		open: async (who, version = 5, connect = {}) =>
			keep(who, await RawClient.open(port, { version, protocolId: version === 3 ? "MQIsdp" : "MQTT", ...connect })),
		dial: async (who, version = 5) => keep(who, await RawClient.dial(port, version)),
	});
	const said: Record<string, unknown> = {};
	for (const [who, client] of clients) said[who] = [...normalised(client.received), client.closed ? "closed" : "open"];
	for (const client of clients.values()) client.end();
	return said;
}

/** Clears what a conversation left retained, so that the next begins as on a new broker. */
async function forget(port: number): Promise<void> {
	const client = await RawClient.open(port, { version: 4 });
	for (const filter of ["#", "$x/#"]) {
		await client.subscribe(filter);
		for (const packet of await client.settled())
			if (packet.cmd === "publish") client.send({ ...packet, payload: "", qos: 0, retain: true });
		await client.settled();
	}
	client.end();
}

const allowed = (topic: string): boolean => !matchesFilter("denied/#", topic);

if (mosquittoProgram === undefined) {
	console.warn("Mosquitto is not installed: the comparison with it is skipped");
	test.skip("Mosquitto is not installed", () => {});
} else {
	let mosquitto: Awaited<ReturnType<typeof startMosquitto>>;
	beforeAll(async () => {
		mosquitto = await startMosquitto();
	});
	afterAll(() => mosquitto[Symbol.asyncDispose]());
	afterEach(() => forget(mosquitto.port));

	for (const name of Object.keys(conversations))
		test(`like Mosquitto: ${name}`, async () => {
			await using ours = await brokerForTest({
				authenticate: async () => ({ principal: "p", mayPublish: allowed, maySubscribe: () => true, mayReceive: allowed }),
			});
			const expected = await transcript(mosquitto.port, name);
			expect(await transcript(ours.port, name)).toEqual(expected);
		});
}
