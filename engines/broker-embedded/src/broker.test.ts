import { expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { RawClient, textOf } from "./testing/raw-client.ts";

for (const version of [3, 4, 5] as const)
	test(`a subscriber of version ${version} receives what another publishes`, async () => {
		await using broker = await brokerForTest();
		const reader = await RawClient.open(broker.port, { version, protocolId: version === 3 ? "MQIsdp" : "MQTT" });
		await reader.subscribe("plant/+/temperature");
		const writer = await RawClient.open(broker.port, { version: 4 });
		writer.send({ cmd: "publish", topic: "plant/oven/temperature", payload: "181.5", qos: 0, dup: false, retain: false });
		writer.send({ cmd: "publish", topic: "plant/oven/pressure", payload: "1", qos: 0, dup: false, retain: false });
		writer.send({
			cmd: "publish",
			topic: "plant/mixer/temperature",
			payload: "20",
			qos: 1,
			messageId: 3,
			dup: false,
			retain: false,
		});
		expect(await writer.next()).toMatchObject({ cmd: "puback", messageId: 3 });
		expect(await reader.next()).toMatchObject({ cmd: "publish", topic: "plant/oven/temperature", qos: 0, retain: false });
		expect(textOf(await reader.next())).toBe("20");
	});

test("a message of QoS 1 reaches a QoS 1 subscriber until it is acknowledged", async () => {
	await using broker = await brokerForTest();
	const reader = await RawClient.open(broker.port, {
		clientId: "reader",
		clean: false,
		properties: { sessionExpiryInterval: 60 },
	});
	await reader.subscribe("a", 1);
	broker.publish({ topic: "a", payload: Buffer.from("one"), qos: 1 });
	expect(await reader.next()).toMatchObject({ cmd: "publish", qos: 1, dup: false });
	reader.end();
	const again = await RawClient.open(broker.port, {
		clientId: "reader",
		clean: false,
		properties: { sessionExpiryInterval: 60 },
	});
	const repeated = await again.next();
	expect(repeated).toMatchObject({ cmd: "publish", qos: 1, dup: true });
	again.send({ cmd: "puback", messageId: repeated?.messageId ?? 0 });
	await again.settled();
	again.end();
	const third = await RawClient.open(broker.port, { clientId: "reader", clean: false });
	expect(await third.settled()).toEqual([]);
});

test("the process publishes to clients and hears them", async () => {
	await using broker = await brokerForTest();
	const heard: string[] = [];
	const stop = broker.subscribe("from/#", "test", ({ topic, payload, client }) => {
		heard.push(`${topic} ${Buffer.from(payload)} ${client?.id}`);
	});
	const client = await RawClient.open(broker.port, { clientId: "c1" });
	await client.subscribe("to/#");
	client.send({ cmd: "publish", topic: "from/c", payload: "x", qos: 1, messageId: 1, dup: false, retain: false });
	await client.next();
	expect(heard).toEqual(["from/c x c1"]);
	stop();
	client.send({ cmd: "publish", topic: "from/c", payload: "y", qos: 1, messageId: 2, dup: false, retain: false });
	await client.next();
	expect(heard).toHaveLength(1);
	broker.publish({ topic: "to/c", payload: Buffer.from("z") });
	expect(textOf(await client.next())).toBe("z");
});

test("whoever publishes hears of it when a topic may have become heard, and a value asked for later is the newest", async () => {
	await using broker = await brokerForTest();
	let value = "one";
	broker.publish({ topic: "a", payload: () => Buffer.from(value), retain: true });
	const quiet = broker.hearing?.();
	value = "two";
	expect(broker.hearing?.()).toBe(quiet);
	expect(Buffer.from(broker.retained("a", 1)[0]?.payload ?? []).toString()).toBe("two");
	expect(broker.hearing?.()).not.toBe(quiet);
	const asked = broker.hearing?.();
	const leave = broker.subscribe("a", "test", () => {});
	expect(broker.hearing?.()).not.toBe(asked);
	const heard = broker.hearing?.();
	leave();
	expect(broker.hearing?.()).not.toBe(heard);
});
