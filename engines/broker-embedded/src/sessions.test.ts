import { createFakeClock } from "@millwright/testkit/fake-clock";
import { expect, test } from "vitest";
import { brokerForTest, everything } from "./testing/broker-for-test.ts";
import { RawClient, textOf } from "./testing/raw-client.ts";

test("a session expires after its time and not before", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock });
	const options = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 30 } };
	const leave = async () => (await RawClient.open(broker.port, options)).end();
	const present = async () => {
		const client = await RawClient.open(broker.port, options);
		const [answer] = client.received;
		return answer?.cmd === "connack" && answer.sessionPresent;
	};
	await leave();
	await clock.advance(29_000);
	expect(await present()).toBe(true);
	// The one just opened is taken over by the next.
	await leave();
	await clock.advance(32_000);
	expect(await present()).toBe(false);
});

test("a delayed will waits, and is not published when the client is back in time", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock });
	const heard: string[] = [];
	broker.subscribe("will", "test", ({ payload }) => heard.push(Buffer.from(payload).toString()));
	const options = {
		clientId: "c",
		clean: false,
		keepalive: 600,
		properties: { sessionExpiryInterval: 300 },
		will: { topic: "will", payload: Buffer.from("gone"), qos: 0 as const, retain: false, properties: { willDelayInterval: 10 } },
	};
	(await RawClient.open(broker.port, options)).end();
	await clock.advance(5000);
	const back = await RawClient.open(broker.port, options);
	await clock.advance(20_000);
	expect(heard).toEqual([]);
	back.end();
	await clock.advance(5000);
	expect(heard).toEqual([]);
	await clock.advance(7000);
	expect(heard).toEqual(["gone"]);
});

test("an expiry is counted down while a message waits, and ends it", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock });
	const options = { clientId: "c", clean: false, keepalive: 600, properties: { sessionExpiryInterval: 300 } };
	const before = await RawClient.open(broker.port, options);
	await before.subscribe("t", 1);
	before.end();
	await clock.advance(1000);
	broker.publish({ topic: "t", payload: Buffer.from("short"), qos: 1, properties: { messageExpirySeconds: 5 } });
	broker.publish({ topic: "t", payload: Buffer.from("long"), qos: 1, retain: true, properties: { messageExpirySeconds: 100 } });
	await clock.advance(20_000);
	const after = await RawClient.open(broker.port, options);
	const got = await after.settled();
	expect(got).toHaveLength(1);
	expect(got[0]).toMatchObject({ cmd: "publish", properties: { messageExpiryInterval: 80 } });
	await clock.advance(80_000);
	expect(broker.retained("t", 1)).toEqual([]);
});

test("a client that takes over gets 0x8E to the one before, and its session", async () => {
	await using broker = await brokerForTest();
	const first = await RawClient.open(broker.port, { clientId: "one", clean: false, properties: { sessionExpiryInterval: 60 } });
	await first.subscribe("t");
	const second = await RawClient.open(broker.port, { clientId: "one", clean: false, properties: { sessionExpiryInterval: 60 } });
	expect(await first.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8e });
	expect(second.received[0]).toMatchObject({ sessionPresent: true });
	broker.publish({ topic: "t", payload: Buffer.from("x") });
	expect(textOf(await second.next())).toBe("x");
	expect(broker.figures().clients).toBe(1);
});

test("two principals with one client id do not meet", async () => {
	await using broker = await brokerForTest();
	const one = await RawClient.open(broker.port, { clientId: "same", username: "anna", password: Buffer.from("x") });
	const other = await RawClient.open(broker.port, { clientId: "same", username: "ben", password: Buffer.from("x") });
	await one.settled();
	await other.settled();
	expect(broker.clients().map(({ principal }) => principal)).toEqual(["anna", "ben"]);
});

test("topic rights hold at publish, at subscribe, at delivery and for retained messages; wildcards never widen them", async () => {
	await using broker = await brokerForTest({
		authenticate: async () => ({
			principal: "p",
			mayPublish: (topic) => topic.startsWith("open/"),
			maySubscribe: (filter) => !filter.startsWith("secret"),
			mayReceive: (topic) => !topic.startsWith("secret"),
		}),
	});
	broker.publish({ topic: "secret/kept", payload: Buffer.from("x"), retain: true });
	broker.publish({ topic: "open/kept", payload: Buffer.from("y"), retain: true });
	const client = await RawClient.open(broker.port);
	client.send({ cmd: "subscribe", messageId: 1, subscriptions: ["secret/#", "#"].map((topic) => ({ topic, qos: 0 as const })) });
	client.send({ cmd: "publish", topic: "secret/a", payload: "1", qos: 1, messageId: 2, dup: false, retain: false });
	client.send({ cmd: "publish", topic: "open/a", payload: "2", qos: 1, messageId: 3, dup: false, retain: false });
	broker.publish({ topic: "secret/live", payload: Buffer.from("z") });
	const got = (await client.settled()).map((packet) => [
		packet.cmd,
		packet.cmd === "publish"
			? packet.topic
			: packet.cmd === "suback"
				? packet.granted
				: packet.cmd === "puback" && packet.reasonCode,
	]);
	expect(got).toEqual([
		["suback", [0x87, 0]],
		["publish", "open/kept"],
		["puback", 0x87],
		["publish", "open/a"],
		["puback", 0],
	]);
	expect(broker.figures().deniedTopics).toBe(2);
});

test("withdrawn access ends the principal's connections and sleeping sessions", async () => {
	await using broker = await brokerForTest();
	const options = { clean: false, properties: { sessionExpiryInterval: 600 }, username: "anna", password: Buffer.from("x") };
	(await RawClient.open(broker.port, { clientId: "asleep", ...options })).end();
	const awake = await RawClient.open(broker.port, { clientId: "awake", ...options });
	const other = await RawClient.open(broker.port, { clientId: "awake", ...options, username: "ben" });
	while (broker.clients().length > 2) await new Promise((resolve) => setImmediate(resolve));
	broker.disconnectPrincipal("anna");
	expect(await awake.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x98 });
	const again = await RawClient.open(broker.port, { clientId: "asleep", ...options });
	expect(again.received[0]).toMatchObject({ sessionPresent: false });
	expect(await other.settled()).toEqual([]);
});

test("overlapping subscriptions give one copy with the highest QoS and every identifier", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.open(broker.port);
	await client.subscribe("o/#", 0, { id: 1 });
	await client.subscribe("o/+", 1, { id: 2 });
	broker.publish({ topic: "o/a", payload: Buffer.from("x"), qos: 1 });
	const got = await client.settled();
	expect(got).toHaveLength(1);
	expect(got[0]).toMatchObject({ cmd: "publish", qos: 1, properties: { subscriptionIdentifier: [1, 2] } });
});

test("a stop tells the clients and lets go of the port", async () => {
	const broker = await brokerForTest();
	const { port } = broker;
	const client = await RawClient.open(port);
	await broker.stop();
	expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8b });
	await using again = await brokerForTest({ listen: { host: "127.0.0.1", port } });
	expect(again.port).toBe(port);
});

test("a port that is taken is said, with the next step", async () => {
	await using first = await brokerForTest();
	await expect(brokerForTest({ listen: { host: "127.0.0.1", port: first.port } })).rejects.toMatchObject({
		code: "broker.listen-failed",
		kind: "outage",
	});
});

test("the product's check refuses, retains or lets pass, before anybody receives", async () => {
	const seen: string[] = [];
	await using broker = await brokerForTest({
		authenticate: async () => everything("key_1"),
		onExternalPublish({ topic, payload, client }) {
			seen.push(`${client.principal} ${topic} ${Buffer.from(payload)}`);
			if (topic === "broken") throw new Error("broken on purpose");
			return topic === "bad" ? { refuse: 0x99 } : topic === "kept" ? { retain: true } : "accept";
		},
	});
	const client = await RawClient.open(broker.port);
	await client.subscribe("#", 0, { nl: false });
	for (const [i, topic] of ["bad", "kept", "fine", "broken"].entries())
		client.send({ cmd: "publish", topic, payload: "x", qos: 1, messageId: i + 1, dup: false, retain: false });
	const got = await client.settled();
	expect(got.filter((packet) => packet.cmd === "puback").map((packet) => packet.cmd === "puback" && packet.reasonCode)).toEqual([
		0x99, 0, 0, 0x80,
	]);
	expect(got.filter((packet) => packet.cmd === "publish").map((packet) => packet.cmd === "publish" && packet.topic)).toEqual([
		"kept",
		"fine",
	]);
	expect(broker.retained("#", 10).map(({ topic }) => topic)).toEqual(["kept"]);
	expect(seen).toEqual(["key_1 bad x", "key_1 kept x", "key_1 fine x", "key_1 broken x"]);
});

test("a listener that publishes is followed, not nested, however deep the chain", async () => {
	await using broker = await brokerForTest();
	const heard: number[] = [];
	broker.subscribe("chain", "test", ({ payload }) => {
		const n = Number(Buffer.from(payload).toString());
		heard.push(n);
		if (n < 20_000) broker.publish({ topic: "chain", payload: Buffer.from(String(n + 1)) });
	});
	broker.publish({ topic: "chain", payload: Buffer.from("1") });
	while (heard.length < 20_000) await new Promise((resolve) => setImmediate(resolve));
	expect(heard.every((n, i) => n === i + 1)).toBe(true);
});

test("a delayed will is not delayed beyond its session, whether that ends at once or by a clean start", async () => {
	await using broker = await brokerForTest();
	const heard: string[] = [];
	broker.subscribe("will/#", "test", ({ topic }) => heard.push(topic));
	const will = (topic: string) => ({
		will: { topic, payload: Buffer.from("gone"), qos: 0 as const, retain: false, properties: { willDelayInterval: 600 } },
	});
	(await RawClient.open(broker.port, will("will/now"))).end();
	while (heard.length < 1) await new Promise((resolve) => setImmediate(resolve));
	const lasting = { clientId: "delayed", properties: { sessionExpiryInterval: 600 } };
	(await RawClient.open(broker.port, { ...lasting, ...will("will/ended") })).end();
	await RawClient.open(broker.port, { clientId: "delayed", clean: true });
	expect(heard).toEqual(["will/now", "will/ended"]);
});

test("subscribing again replaces every option", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.open(broker.port);
	const say = (payload: string) => client.send({ cmd: "publish", topic: "t", payload, qos: 0, dup: false, retain: true });
	await client.subscribe("t", 0, { nl: true, id: 1 });
	say("unheard");
	expect(await client.settled()).toEqual([]);
	await client.subscribe("t", 0, { rap: true, id: 2, rh: 2 });
	say("heard");
	expect(await client.settled()).toMatchObject([{ retain: true, properties: { subscriptionIdentifier: 2 } }]);
});
