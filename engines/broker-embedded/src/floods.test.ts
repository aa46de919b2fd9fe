import { connect, type Socket } from "node:net";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { RawClient } from "./testing/raw-client.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const publishers = 200;
const messages = 1000;
const payloadBytes = 200;

/** Publishers that say everything at once, each message with its number, as fast as their sockets take it. */
async function flood(port: number, qos: 0 | 1): Promise<Socket[]> {
	return Promise.all(
		Array.from({ length: publishers }, async (_, index) => {
			const socket = connect({ port, host: "127.0.0.1", noDelay: true });
			socket.on("error", () => {});
			await new Promise((resolve) => socket.once("connect", resolve));
			socket.write(generate({ cmd: "connect", clientId: `p${index}`, clean: true, keepalive: 600, protocolVersion: 4 }));
			await new Promise((resolve) => socket.once("data", resolve));
			socket.resume();
			const payload = Buffer.alloc(payloadBytes);
			const frames = Array.from({ length: messages }, (_unused, number) => {
				payload.writeUInt32BE(number);
				const packet = { cmd: "publish", topic: `flood/${index}`, payload, dup: false, retain: false } as const;
				return generate(qos === 0 ? { ...packet, qos } : { ...packet, qos, messageId: number + 1 });
			});
			socket.write(Buffer.concat(frames));
			return socket;
		}),
	);
}

for (const qos of [0, 1] as const)
	test(`200 publishers that flood with QoS ${qos} lose nothing for a subscriber that reads, and a frozen one pays alone`, async () => {
		// Less than a fiftieth of what comes fits into a queue.
		await using broker = await brokerForTest({ limits: { queueBytes: 524_288, queueMessages: 3000 } });
		const frozen = await RawClient.open(broker.port, { clientId: "frozen", version: 4, keepalive: 600 });
		await frozen.subscribe("flood/#", qos);
		frozen.socket.pause();
		const reader = await RawClient.open(broker.port, { clientId: "reader", version: 4, keepalive: 600 });
		await reader.subscribe("flood/#", qos);
		const next = new Map<string, number>();
		let heard = 0;
		let outOfOrder = 0;
		reader.socket.on("data", () => {
			for (const packet of reader.received.splice(0)) {
				if (packet.cmd !== "publish") continue;
				heard++;
				const number = (packet.payload as Buffer).readUInt32BE();
				if (number !== (next.get(packet.topic) ?? 0)) outOfOrder++;
				next.set(packet.topic, number + 1);
				if (qos === 1) reader.send({ cmd: "puback", messageId: packet.messageId as number });
			}
		});
		const sockets = await flood(broker.port, qos);
		let lost: number | undefined = 0;
		while (heard < publishers * messages && lost === 0 && !reader.closed) {
			await turn();
			lost = broker.clients().find(({ id }) => id === "reader")?.droppedMessages;
		}
		expect({ heard, outOfOrder, lost, closed: reader.closed }).toEqual({
			heard: publishers * messages,
			outOfOrder: 0,
			lost: 0,
			closed: false,
		});
		const thatOne = broker.clients().find(({ id }) => id === "frozen");
		if (qos === 0) expect(thatOne?.droppedMessages).toBeGreaterThan(publishers * messages * 0.5);
		else expect(thatOne).toBeUndefined();
		for (const socket of sockets) socket.destroy();
	}, 120_000);

test("large messages are held back before their bytes end a subscriber that reads", async () => {
	// Far fewer than queueMessages fit into what may wait.
	await using broker = await brokerForTest({ limits: { queueBytes: 65_536 } });
	const reader = await RawClient.open(broker.port, { clientId: "reader", version: 4, properties: { receiveMaximum: 10 } });
	await reader.subscribe("flood/#", 1);
	let heard = 0;
	reader.socket.on("data", () => {
		for (const packet of reader.received.splice(0)) {
			if (packet.cmd !== "publish") continue;
			heard++;
			reader.send({ cmd: "puback", messageId: packet.messageId as number });
		}
	});
	const writers = await Promise.all(Array.from({ length: 10 }, () => RawClient.open(broker.port, { version: 4 })));
	const payload = Buffer.alloc(2000, "x");
	for (let i = 1; i <= 500; i++)
		for (const writer of writers)
			writer.send({ cmd: "publish", topic: "flood/large", payload, qos: 1, messageId: i, dup: false, retain: false });
	while (heard < 5000 && !reader.closed) await turn();
	expect({ heard, closed: reader.closed, dropped: broker.figures().dropped }).toEqual({ heard: 5000, closed: false, dropped: 0 });
});
