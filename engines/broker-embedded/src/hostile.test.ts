import { createFakeClock } from "@millwright/testkit/fake-clock";
import fc from "fast-check";
import { expect, test } from "vitest";
import { brokerForTest, everything } from "./testing/broker-for-test.ts";
import { RawClient, textOf } from "./testing/raw-client.ts";

test("random bytes on a socket, before or after CONNECT, never end the broker", async () => {
	await using broker = await brokerForTest();
	const witness = await RawClient.open(broker.port);
	await witness.subscribe("alive");
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 4 }),
			fc.constantFrom<undefined | 4 | 5>(undefined, 4, 5),
			async (chunks, version) => {
				const client = version === undefined ? await RawClient.dial(broker.port) : await RawClient.open(broker.port, { version });
				for (const chunk of chunks) client.bytes(chunk);
				await new Promise<void>((resolve) => client.socket.end(() => resolve()));
				await client.untilClosed();
			},
		),
		{ numRuns: 150 },
	);
	broker.publish({ topic: "alive", payload: Buffer.from("yes") });
	expect(textOf(await witness.next())).toBe("yes");
});

test("whole packets with random bodies never end the broker", async () => {
	await using broker = await brokerForTest();
	await fc.assert(
		fc.asyncProperty(
			fc.uint8Array({ maxLength: 60 }),
			fc.integer({ min: 0, max: 255 }),
			fc.constantFrom<4 | 5>(4, 5),
			async (body, type, version) => {
				const client = await RawClient.open(broker.port, { version });
				client.bytes(Buffer.from([type, body.length, ...body]));
				await new Promise<void>((resolve) => client.socket.end(() => resolve()));
				await client.untilClosed();
			},
		),
		{ numRuns: 200 },
	);
	expect((await RawClient.open(broker.port)).received[0]).toMatchObject({ cmd: "connack", reasonCode: 0 });
});

test("a payload of 10 MB ends its connection with 0x95, before it is read", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.open(broker.port);
	const payload = Buffer.alloc(10_000_000);
	client.send({ cmd: "publish", topic: "a", payload, qos: 0, dup: false, retain: false });
	expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x95 });
	await client.untilClosed();
	expect(broker.figures().clients).toBe(0);
});

test("a CONNECT larger than any CONNECT is not waited for", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.dial(broker.port);
	client.bytes(Buffer.from([0x10, 0xff, 0xff, 0x7f]));
	await client.untilClosed();
});

test("who does not say CONNECT within ten seconds is cut off, however slowly they speak", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock });
	const silent = await RawClient.dial(broker.port);
	const slow = await RawClient.dial(broker.port);
	slow.bytes(Buffer.from([0x10]));
	await clock.advance(6000);
	slow.bytes(Buffer.from([0x20]));
	await clock.advance(6000);
	await silent.untilClosed();
	await slow.untilClosed();
});

test("a packet that is never finished ends its connection, though bytes keep dripping", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock });
	const client = await RawClient.open(broker.port, { keepalive: 600 });
	client.bytes(Buffer.from([0x30, 0x7f, 0, 1, 0x61]));
	for (let i = 0; i < 62 && !client.closed; i++) {
		client.bytes(Buffer.from([0]));
		await clock.advance(1000);
	}
	expect(await client.next()).toMatchObject({ cmd: "disconnect" });
});

test("silence for one and a half keep alives ends the connection and publishes the will", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock });
	const reader = await RawClient.open(broker.port, { keepalive: 600 });
	await reader.subscribe("will");
	const client = await RawClient.open(broker.port, {
		keepalive: 10,
		will: { topic: "will", payload: Buffer.from("gone"), qos: 0, retain: false },
	});
	await clock.advance(14_000);
	expect(client.closed).toBe(false);
	await clock.advance(2000);
	expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8d });
	expect(textOf(await reader.next())).toBe("gone");
});

test("a client of MQTT 5 that wants no keep alive is told the longest", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.open(broker.port, { keepalive: 0 });
	expect(client.received[0]).toMatchObject({ cmd: "connack", properties: { serverKeepAlive: 600 } });
});

test("no more clients than the limit", async () => {
	await using broker = await brokerForTest({ limits: { maxClients: 1 } });
	await RawClient.open(broker.port);
	const second = await RawClient.open(broker.port);
	expect(second.received[0]).toMatchObject({ cmd: "connack", reasonCode: 0x89 });
	const third = await RawClient.open(broker.port, { version: 4 });
	expect(third.received[0]).toMatchObject({ cmd: "connack", returnCode: 3 });
	expect(broker.figures()).toMatchObject({ clients: 1, refusedConnections: 2 });
});

test("who is not known is refused: 0x86 with a password, 0x87 without, 4 and 5 before", async () => {
	await using broker = await brokerForTest({ authenticate: async () => undefined });
	const codes = [];
	for (const version of [5, 4] as const)
		for (const credentials of [{ username: "u", password: Buffer.from("p") }, {}]) {
			const client = await RawClient.open(broker.port, { version, ...credentials });
			const answer = client.received[0];
			codes.push(answer?.cmd === "connack" ? (answer.reasonCode ?? answer.returnCode) : undefined);
			await client.untilClosed();
		}
	expect(codes).toEqual([0x86, 0x87, 4, 5]);
});

test("an authenticator that fails refuses, and the next client is asked again", async () => {
	let asked = 0;
	await using broker = await brokerForTest({
		authenticate: async () => {
			if (asked++ === 0) throw new Error("the directory is away");
			return everything("p");
		},
	});
	expect((await RawClient.open(broker.port)).received[0]).toMatchObject({ reasonCode: 0x88 });
	expect((await RawClient.open(broker.port)).received[0]).toMatchObject({ reasonCode: 0 });
});

test("who has more QoS 2 messages under way than it was told ends with 0x93", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.open(broker.port);
	const [answer] = client.received;
	const most = answer?.cmd === "connack" ? (answer.properties?.receiveMaximum ?? 0) : 0;
	expect(most).toBeGreaterThan(100);
	for (let id = 1; id <= most; id++)
		client.send({ cmd: "publish", topic: "a", payload: "x", qos: 2, messageId: id, dup: false, retain: false });
	expect((await client.settled()).filter(({ cmd }) => cmd === "pubrec")).toHaveLength(most);
	client.send({ cmd: "publish", topic: "a", payload: "x", qos: 2, messageId: most + 1, dup: false, retain: false });
	expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x93 });
});

test("AUTH is refused, before and after a client is admitted", async () => {
	await using broker = await brokerForTest();
	const asking = await RawClient.open(broker.port, { properties: { authenticationMethod: "SCRAM-SHA-256" } });
	expect(asking.received[0]).toMatchObject({ cmd: "connack", reasonCode: 0x8c });
	const later = await RawClient.open(broker.port);
	later.send({ cmd: "auth", reasonCode: 0x19, properties: { authenticationMethod: "SCRAM-SHA-256" } });
	expect(await later.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x82 });
});

test("a keep alive that passes in silence ends with 0x8D and its will", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock });
	const heard: string[] = [];
	broker.subscribe("will", "test", ({ payload }) => heard.push(Buffer.from(payload).toString()));
	const client = await RawClient.open(broker.port, {
		keepalive: 10,
		will: { topic: "will", payload: Buffer.from("silent"), qos: 2, retain: false },
	});
	await clock.advance(14_000);
	expect(heard).toEqual([]);
	await clock.advance(3000);
	expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8d });
	expect(heard).toEqual(["silent"]);
});

test("retained topics stop at the limit: 0x97 to a client, the process's own pass unretained", async () => {
	await using broker = await brokerForTest({ limits: { maxRetained: 100 } });
	const room = 100 - broker.figures().retained;
	const client = await RawClient.open(broker.port);
	const codes: unknown[] = [];
	for (let i = 0; i <= room; i++) {
		client.send({ cmd: "publish", topic: `r/${i}`, payload: "x", qos: 1, messageId: i + 1, dup: false, retain: true });
		const answer = await client.next();
		codes.push(answer?.cmd === "puback" ? answer.reasonCode : answer?.cmd);
	}
	expect(codes).toEqual([...Array(room).fill(0), 0x97]);
	broker.publish({ topic: "own", payload: Buffer.from("x"), retain: true });
	expect(broker.retained("own", 1)).toEqual([]);
	// A known topic may change, and clearing makes room.
	client.send({ cmd: "publish", topic: "r/0", payload: "", qos: 1, messageId: 190, dup: false, retain: true });
	client.send({ cmd: "publish", topic: "r/new", payload: "x", qos: 1, messageId: 191, dup: false, retain: true });
	expect((await client.settled()).map((packet) => (packet.cmd === "puback" ? packet.reasonCode : packet.cmd))).toEqual([0, 0]);
});

test("a topic of a thousand levels is refused, not followed", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.open(broker.port);
	client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "+/".repeat(1000), qos: 0 }] });
	expect(await client.next()).toMatchObject({ cmd: "suback", granted: [0x8f] });
	client.send({ cmd: "publish", topic: "a/".repeat(1000), payload: "x", qos: 0, dup: false, retain: false });
	expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x90 });
});

test("a client that asks and never reads is not answered without end", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.open(broker.port);
	client.socket.pause();
	const pings = Buffer.alloc(200_000, Buffer.from([0xc0, 0]));
	let blocked = false;
	for (let i = 0; i < 400 && !blocked; i++) {
		blocked = !client.socket.write(pings);
		if (blocked)
			blocked = await Promise.race([
				new Promise<boolean>((resolve) => client.socket.once("drain", () => resolve(false))),
				new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300)),
			]);
	}
	expect(blocked).toBe(true);
	expect(broker.clients()[0]?.queuedBytes).toBeLessThan(2_000_000);
	client.end();
});

test.each([
	["a message with a subscription identifier", 0x30, 7, 0, 1, 0x61, 2, 0x0b, 1, 0x78],
	["a payload format of 2", 0x30, 7, 0, 1, 0x61, 2, 0x01, 2, 0x78],
])("%s ends the connection with 0x82", async (_what, ...bytes) => {
	await using broker = await brokerForTest();
	const client = await RawClient.open(broker.port);
	client.bytes(Buffer.from(bytes as number[]));
	expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x82 });
});

test("authentication data without a method is refused with 0x82", async () => {
	await using broker = await brokerForTest();
	const client = await RawClient.dial(broker.port);
	client.bytes(Buffer.from([0x10, 18, 0, 4, ...Buffer.from("MQTT"), 5, 2, 0, 60, 4, 0x16, 0, 1, 0x61, 0, 1, 0x61]));
	expect(await client.next()).toMatchObject({ cmd: "connack", reasonCode: 0x82 });
});
