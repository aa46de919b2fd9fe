import type { IPublishPacket, Packet } from "mqtt-packet";
import type { Conversation } from "./conversations.ts";
import type { RawClient } from "./raw-client.ts";

/** How conversations are written down. */

export const publish = (topic: string, payload: string | Buffer, more: Partial<IPublishPacket> = {}): Packet => ({
	cmd: "publish",
	topic,
	payload,
	qos: 0,
	dup: false,
	retain: false,
	...(more.qos ? { messageId: 11 } : {}),
	...more,
});

/** Tells the broker and waits until it has dealt with it. */
export async function say(client: RawClient, ...packets: Packet[]): Promise<void> {
	for (const packet of packets) client.send(packet);
	await client.settled();
}

export const hear = (client: RawClient): Promise<Packet[]> => client.settled();

/** Confirms everything that comes, step by step, until nothing more does. */
export async function confirm(client: RawClient): Promise<void> {
	for (let busy = true; busy; ) {
		busy = false;
		for (const packet of await client.settled()) {
			const messageId = packet.messageId as number;
			if (packet.cmd === "publish" && packet.qos === 1) client.send({ cmd: "puback", messageId });
			else if (packet.cmd === "publish" && packet.qos === 2) client.send({ cmd: "pubrec", messageId });
			else if (packet.cmd === "pubrel") client.send({ cmd: "pubcomp", messageId });
			busy = true;
		}
	}
}

/** Publishes with QoS 2 and does every step. */
export async function exactly(client: RawClient, messageId: number, packet: Packet): Promise<void> {
	await say(client, { ...packet, qos: 2, messageId } as Packet);
	await say(client, { cmd: "pubrel", messageId });
}

export const retained = (topic: string, payload: string, qos: 0 | 1 = 0): Packet =>
	publish(topic, payload, { retain: true, qos });

export const lasting = { clean: false, properties: { sessionExpiryInterval: 60 } };

/** A session that lasts, in the words of the version. */
export const lastingIn = (version: 3 | 4 | 5) => (version === 5 ? lasting : { clean: false });

/** Wrong bytes after a good CONNECT. */
export const wrong =
	(version: 4 | 5, ...bytes: number[]): Conversation =>
	async ({ open }) => {
		const client = await open("wrong", version);
		client.bytes(Buffer.from(bytes));
		await client.untilClosed();
	};

export const wrongFirst =
	(...bytes: number[]): Conversation =>
	async ({ dial }) => {
		const client = await dial("stranger", 4);
		client.bytes(Buffer.from(bytes));
		await client.untilClosed();
	};

/** A CONNECT of MQTT 5 with these properties, byte by byte. */
export const connectWith = (...properties: number[]): number[] => [
	0x10,
	14 + properties.length,
	0,
	4,
	...Buffer.from("MQTT"),
	5,
	2,
	0,
	60,
	properties.length,
	...properties,
	0,
	1,
	0x61,
];

export const bothVersions = (name: string, make: (version: 4 | 5) => Conversation): Record<string, Conversation> => ({
	[`${name}, 3.1.1`]: make(4),
	[`${name}, 5`]: make(5),
});
