import { createFakeClock } from "@millwright/testkit/fake-clock";
import { expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { RawClient } from "./testing/raw-client.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a frozen subscriber on # neither delays nor grows anything for the others", async () => {
	await using broker = await brokerForTest({ limits: { queueBytes: 262_144 } });
	const frozen = await RawClient.open(broker.port, { clientId: "frozen" });
	await frozen.subscribe("#");
	frozen.socket.pause();
	const reader = await RawClient.open(broker.port, { clientId: "reader" });
	await reader.subscribe("#");
	const payload = Buffer.alloc(1000, "x");
	const count = 20_000;
	// The reader keeps up: each hundred has arrived before the next is published, so nobody waits for the frozen one.
	for (let sent = 0; sent < count; sent += 100) {
		for (let i = 0; i < 100; i++) broker.publish({ topic: `t/${i}`, payload });
		await reader.until(() => reader.received.filter((packet) => packet.cmd === "publish").length >= 100);
		reader.received.length = 0;
	}
	const [one, other] = broker.clients();
	expect(one).toMatchObject({ id: "frozen" });
	expect(one?.droppedMessages).toBeGreaterThan(10_000);
	expect(one?.queuedBytes).toBeLessThan(262_144 + 300_000);
	expect(other).toMatchObject({ id: "reader", droppedMessages: 0, queuedMessages: 0 });
	expect(broker.figures().dropped).toBe(one?.droppedMessages);
	expect(frozen.closed).toBe(false);
});

test("QoS 1 for a frozen subscriber waits up to the limit, then its connection ends with 0x97", async () => {
	await using broker = await brokerForTest({ limits: { queueMessages: 50, queueBytes: 65_536 } });
	const ended: (string | undefined)[] = [];
	broker.onClientChange(({ change, reason }) => change === "disconnected" && ended.push(reason));
	const frozen = await RawClient.open(broker.port, { clientId: "frozen", properties: { receiveMaximum: 10 } });
	await frozen.subscribe("#", 1);
	for (let i = 0; i < 60; i++) broker.publish({ topic: "t", payload: Buffer.from(String(i)), qos: 1 });
	expect(broker.clients()[0]).toMatchObject({ queuedMessages: 60, droppedMessages: 0 });
	broker.publish({ topic: "t", payload: Buffer.from("one too many"), qos: 1 });
	for (;;) {
		const packet = await frozen.next();
		if (packet?.cmd === "publish") continue;
		expect(packet).toMatchObject({ cmd: "disconnect", reasonCode: 0x97 });
		break;
	}
	await frozen.untilClosed();
	expect(ended).toEqual(["Too many messages waited"]);
});

test("while away, a session keeps the oldest messages up to the limit and drops the rest", async () => {
	await using broker = await brokerForTest({ limits: { queueMessages: 20 } });
	const options = { clientId: "away", clean: false, version: 4 } as const;
	const before = await RawClient.open(broker.port, options);
	await before.subscribe("t", 1);
	before.end();
	while (broker.clients().length > 0) await turn();
	for (let i = 0; i < 30; i++) broker.publish({ topic: "t", payload: Buffer.from(String(i)), qos: 1 });
	expect(broker.figures().dropped).toBe(10);
	const after = await RawClient.open(broker.port, options);
	const got = await after.settled();
	expect(got.map((packet) => packet.cmd === "publish" && packet.payload.toString())).toEqual(
		Array.from({ length: 20 }, (_, i) => String(i)),
	);
});

test("every message of QoS 1 arrives when the publisher is faster than the subscriber", async () => {
	await using broker = await brokerForTest({ limits: { queueMessages: 200 } });
	const reader = await RawClient.open(broker.port, { version: 4 });
	await reader.subscribe("t", 1);
	let count = 0;
	reader.socket.on("data", () => {
		for (const packet of reader.received.splice(0))
			if (packet.cmd === "publish") {
				count++;
				reader.send({ cmd: "puback", messageId: packet.messageId as number });
			}
	});
	const writer = await RawClient.open(broker.port, { version: 4 });
	const messages = 5000;
	for (let i = 0; i < messages; i++)
		writer.send({
			cmd: "publish",
			topic: "t",
			payload: String(i),
			qos: 1,
			messageId: (i % 60_000) + 1,
			dup: false,
			retain: false,
		});
	await writer.until(() => writer.received.length >= messages + 1 || reader.closed);
	while (count < messages && !reader.closed) await turn();
	expect({ count, closed: reader.closed }).toEqual({ count: messages, closed: false });
});

test("a hundred thousand retained topics reach a new subscriber at its own pace, none dropped", async () => {
	await using broker = await brokerForTest({ limits: { queueBytes: 262_144 } });
	const topics = 20_000;
	for (let i = 0; i < topics; i++) broker.publish({ topic: `r/${i}`, payload: Buffer.alloc(100, "x"), retain: true });
	const reader = await RawClient.open(broker.port, { version: 4 });
	reader.socket.pause();
	reader.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "r/#", qos: 0 }] });
	while (broker.clients()[0]?.subscriptions.length !== 1) await turn();
	expect(broker.clients()[0]?.queuedBytes).toBeLessThan(262_144);
	reader.socket.resume();
	await reader.until(() => reader.received.length >= topics + 2);
	expect(broker.clients()[0]?.droppedMessages).toBe(0);
});

test("a flood from one publisher leaves room for another", async () => {
	await using broker = await brokerForTest();
	const heard: string[] = [];
	broker.subscribe("polite", "test", ({ payload }) => heard.push(Buffer.from(payload).toString()));
	const flooder = await RawClient.open(broker.port, { version: 4 });
	// Topic "f" and 61 bytes.
	const frame = Buffer.concat([Buffer.from([0x30, 64, 0, 1, 0x66]), Buffer.alloc(61)]);
	const flood = Buffer.concat(Array.from({ length: 300_000 }, () => frame));
	flooder.bytes(flood);
	const polite = await RawClient.open(broker.port, { version: 4 });
	polite.send({ cmd: "publish", topic: "polite", payload: "here", qos: 1, messageId: 1, dup: false, retain: false });
	await polite.next();
	expect(heard).toEqual(["here"]);
	expect(broker.figures().received).toBeLessThan(300_001);
	await flooder.settled();
	expect(broker.figures().received).toBe(300_001);
});

test("nobody waits for a subscriber that was frozen when its queue filled", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock, limits: { queueMessages: 100 } });
	const frozen = await RawClient.open(broker.port, { clientId: "frozen", keepalive: 600, properties: { receiveMaximum: 1 } });
	await frozen.subscribe("t", 1);
	for (let i = 0; i < 41; i++) broker.publish({ topic: "t", payload: Buffer.from("x"), qos: 1 });
	await clock.advance(1100);
	const writer = await RawClient.open(broker.port, { version: 4 });
	// The clock stands still: had the writer been made to wait, it would wait for ever.
	for (let i = 1; i <= 55; i++)
		writer.send({ cmd: "publish", topic: "t", payload: "x", qos: 1, messageId: i, dup: false, retain: false });
	expect((await writer.settled()).filter((packet) => packet.cmd === "puback")).toHaveLength(55);
	expect(broker.clients()[0]).toMatchObject({ queuedMessages: 96, droppedMessages: 0 });
});
