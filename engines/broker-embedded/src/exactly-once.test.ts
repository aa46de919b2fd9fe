import type { IPublishPacket, Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { RawClient, textOf } from "./testing/raw-client.ts";

const publish = (topic: string, payload: string, messageId: number, more: Partial<IPublishPacket> = {}): Packet => ({
	cmd: "publish",
	topic,
	payload,
	qos: 2,
	messageId,
	dup: false,
	retain: false,
	...more,
});

const kinds = (packets: readonly Packet[]): string[] =>
	packets.map((packet) => `${packet.cmd}${"messageId" in packet && packet.cmd !== "publish" ? ` ${packet.messageId}` : ""}`);

const lasting = (clientId: string) => ({ clientId, clean: false, properties: { sessionExpiryInterval: 600 } });

test("a message of QoS 2 said twice is delivered once, and its identifier is free after PUBREL", async () => {
	await using broker = await brokerForTest();
	const heard: string[] = [];
	broker.subscribe("t", "test", ({ payload }) => heard.push(Buffer.from(payload).toString()));
	const writer = await RawClient.open(broker.port);
	writer.send(publish("t", "one", 7));
	writer.send(publish("t", "one", 7, { dup: true }));
	expect(kinds(await writer.settled())).toEqual(["pubrec 7", "pubrec 7"]);
	writer.send({ cmd: "pubrel", messageId: 7 });
	writer.send(publish("t", "two", 7));
	expect(kinds(await writer.settled())).toEqual(["pubcomp 7", "pubrec 7"]);
	expect(heard).toEqual(["one", "two"]);
});

test("an identifier the publisher used lives on with its session", async () => {
	await using broker = await brokerForTest();
	const heard: string[] = [];
	broker.subscribe("t", "test", ({ payload }) => heard.push(Buffer.from(payload).toString()));
	const before = await RawClient.open(broker.port, lasting("writer"));
	before.send(publish("t", "one", 7));
	await before.settled();
	before.end();
	const after = await RawClient.open(broker.port, lasting("writer"));
	after.send(publish("t", "one", 7, { dup: true }));
	after.send({ cmd: "pubrel", messageId: 7 });
	after.send({ cmd: "pubrel", messageId: 7 });
	const got = await after.settled();
	expect(kinds(got)).toEqual(["pubrec 7", "pubcomp 7", "pubcomp 7"]);
	expect(got[2]).toMatchObject({ reasonCode: 0x92 });
	expect(heard).toEqual(["one"]);
});

test("a subscriber of QoS 2 is told again only what it has not confirmed: PUBLISH before PUBREC, PUBREL after", async () => {
	await using broker = await brokerForTest();
	const first = await RawClient.open(broker.port, lasting("reader"));
	await first.subscribe("t", 2);
	for (const payload of ["a", "b", "c"]) broker.publish({ topic: "t", payload: Buffer.from(payload), qos: 2 });
	const ids = (await first.settled()).map((packet) => packet.messageId as number);
	first.send({ cmd: "pubrec", messageId: ids[0] as number });
	first.send({ cmd: "pubrec", messageId: ids[1] as number });
	first.send({ cmd: "pubcomp", messageId: ids[0] as number });
	expect(kinds(await first.settled())).toEqual([`pubrel ${ids[0]}`, `pubrel ${ids[1]}`]);
	first.end();
	const second = await RawClient.open(broker.port, lasting("reader"));
	const again = await second.settled();
	expect(kinds(again)).toEqual([`pubrel ${ids[1]}`, "publish"]);
	expect(again[1]).toMatchObject({ messageId: ids[2], dup: true, qos: 2 });
	second.send({ cmd: "pubcomp", messageId: ids[1] as number });
	second.send({ cmd: "pubrec", messageId: ids[2] as number });
	second.send({ cmd: "pubcomp", messageId: ids[2] as number });
	await second.settled();
	second.end();
	const third = await RawClient.open(broker.port, lasting("reader"));
	expect(await third.settled()).toEqual([]);
});

test("a subscriber that refuses with PUBREC ends the message; what nobody sent is answered with 0x92", async () => {
	await using broker = await brokerForTest();
	const reader = await RawClient.open(broker.port, { properties: { receiveMaximum: 1 } });
	await reader.subscribe("t", 2);
	for (const payload of ["a", "b"]) broker.publish({ topic: "t", payload: Buffer.from(payload), qos: 2 });
	const [first] = await reader.settled();
	reader.send({ cmd: "pubrec", messageId: first?.messageId as number, reasonCode: 0x97 });
	expect(textOf((await reader.settled())[0])).toBe("b");
	reader.send({ cmd: "pubrec", messageId: 999 });
	expect((await reader.settled())[0]).toMatchObject({ cmd: "pubrel", messageId: 999, reasonCode: 0x92 });
});

test("a refusal leaves the identifier free, and tells why where the client wants to know", async () => {
	await using broker = await brokerForTest({ onExternalPublish: () => ({ refuse: 0x99, reason: "Not a document" }) });
	const writer = await RawClient.open(broker.port);
	writer.send(publish("t", "x", 3));
	expect((await writer.settled())[0]).toMatchObject({
		cmd: "pubrec",
		reasonCode: 0x99,
		properties: { reasonString: "Not a document" },
	});
	const silent = await RawClient.open(broker.port, { properties: { requestProblemInformation: false } });
	silent.send(publish("t", "x", 3, { qos: 1 }));
	const [answer] = await silent.settled();
	expect(answer).toMatchObject({ cmd: "puback", reasonCode: 0x99 });
	expect(answer?.cmd === "puback" && answer.properties).toBeFalsy();
});

test("an acknowledgement waits until the product has stored the message, and those behind it wait with it", async () => {
	const gates = new Map<string, PromiseWithResolvers<void>>();
	await using broker = await brokerForTest({
		onExternalPublish({ topic }) {
			if (!topic.startsWith("kept/")) return "accept";
			const gate = Promise.withResolvers<void>();
			gates.set(topic, gate);
			return { retain: false, stored: gate.promise };
		},
	});
	const writer = await RawClient.open(broker.port);
	writer.send(publish("kept/a", "x", 1, { qos: 1 }));
	writer.send(publish("free", "x", 2, { qos: 1 }));
	writer.send(publish("kept/b", "x", 3));
	writer.send(publish("kept/c", "x", 4));
	while (gates.size < 3) await new Promise((resolve) => setImmediate(resolve));
	gates.get("kept/b")?.resolve();
	gates.get("kept/c")?.reject(new Error("the disk is full"));
	await new Promise((resolve) => setImmediate(resolve));
	expect(writer.received).toHaveLength(1);
	gates.get("kept/a")?.resolve();
	const got = await writer.settled();
	expect(kinds(got)).toEqual(["puback 1", "puback 2", "pubrec 3", "pubrec 4"]);
	expect(got[3]).toMatchObject({ reasonCode: 0x97 });
	// What was refused may be sent again under its identifier; what was accepted is not taken twice.
	gates.clear();
	writer.send(publish("kept/b", "x", 3, { dup: true }));
	writer.send(publish("kept/c", "x", 4));
	while (!gates.has("kept/c")) await new Promise((resolve) => setImmediate(resolve));
	gates.get("kept/c")?.resolve();
	expect(kinds(await writer.settled())).toEqual(["pubrec 3", "pubrec 4"]);
	expect([...gates.keys()]).toEqual(["kept/c"]);
});

test("a 3.1.1 publisher whose message could not be stored is cut off without an acknowledgement", async () => {
	await using broker = await brokerForTest({
		onExternalPublish: () => ({ retain: false, stored: Promise.reject(new Error("the disk is full")) }),
	});
	const writer = await RawClient.open(broker.port, { version: 4 });
	writer.send(publish("t", "x", 1, { qos: 1 }));
	await writer.untilClosed();
	expect(kinds(writer.received)).toEqual(["connack"]);
});

test("topics said to a client that allows it become numbers, in their order, and no more than it allows", async () => {
	await using broker = await brokerForTest();
	const reader = await RawClient.open(broker.port, { properties: { topicAliasMaximum: 2 } });
	await reader.subscribe("t/#", 1);
	for (const topic of ["t/a", "t/b", "t/c", "t/a", "t/b", "t/c"])
		broker.publish({ topic, payload: Buffer.from("x"), qos: topic === "t/b" ? 1 : 0 });
	const got = (await reader.settled()).map((packet) =>
		packet.cmd === "publish" ? [packet.topic, packet.properties?.topicAlias] : [],
	);
	expect(got).toEqual([
		["t/a", 1],
		["t/b", 2],
		["t/c", undefined],
		["", 1],
		["", 2],
		["t/c", undefined],
	]);
});

test("a packet that was too large gives no number away", async () => {
	await using broker = await brokerForTest();
	const reader = await RawClient.open(broker.port, { properties: { topicAliasMaximum: 5, maximumPacketSize: 60 } });
	await reader.subscribe("t");
	broker.publish({ topic: "t", payload: Buffer.alloc(100) });
	broker.publish({ topic: "t", payload: Buffer.from("small") });
	expect((await reader.settled())[0]).toMatchObject({ topic: "t", properties: { topicAlias: 1 } });
});

test("who asks is told where answers to its requests may go", async () => {
	await using broker = await brokerForTest();
	const asking = await RawClient.open(broker.port, { clientId: "hmi", properties: { requestResponseInformation: true } });
	expect(asking.received[0]).toMatchObject({ properties: { responseInformation: "response/hmi" } });
	const other = await RawClient.open(broker.port, { clientId: "a/#", properties: { requestResponseInformation: true } });
	expect(other.received[0]).not.toMatchObject({ properties: { responseInformation: expect.anything() } });
});
