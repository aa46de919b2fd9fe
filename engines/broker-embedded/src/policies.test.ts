import { createFakeClock } from "@millwright/testkit/fake-clock";
import { expect, test } from "vitest";
import { EntryPace } from "./entry-pace.ts";
import { defaultLimits } from "./limits.ts";
import { createPolicies } from "./policies.ts";
import { brokerForTest, everything } from "./testing/broker-for-test.ts";
import { RawClient } from "./testing/raw-client.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const until = async (holds: () => boolean): Promise<void> => {
	while (!holds()) await turn();
};

test("the first policy that matches holds, by principal, by pattern of the client identifier and by role", () => {
	const limitsOf = createPolicies(
		[
			{ match: { clientId: "line-*-plc", role: "gateway" }, maxSubscriptions: 1 },
			{ match: { principal: "key_1" }, maxSubscriptions: 2, maxPacketBytes: 10 * defaultLimits.maxPacketBytes },
			{ match: { clientId: "line-*" }, maxSubscriptions: 3 },
			{ match: {}, maxSubscriptions: 4 },
		],
		defaultLimits,
	);
	const of = (principal: string, clientId: string, roles?: readonly string[]) =>
		limitsOf({ ...everything(principal), ...(roles ? { roles } : {}) }, clientId).maxSubscriptions;
	expect(of("key_1", "line-7-plc", ["viewer", "gateway"])).toBe(1);
	expect(of("key_1", "line-7-plc", ["viewer"])).toBe(2);
	expect(of("key_2", "line-7-plc")).toBe(3);
	expect(of("key_2", "a line-7")).toBe(4);
	expect(of("key_2", "line-7.plc", ["gateway"])).toBe(3);
	// Nobody gets more than everybody may have.
	expect(limitsOf(everything("key_1"), "x").maxPacketBytes).toBe(defaultLimits.maxPacketBytes);
});

test("a client over its message rate waits in its own socket and loses nothing, and nobody else waits", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({
		clock,
		policies: [{ match: { clientId: "fast" }, maxMessagesPerSecond: 10 }],
	});
	const heard: string[] = [];
	broker.subscribe("t/#", "test", ({ topic, payload }) => heard.push(`${topic} ${Buffer.from(payload).toString()}`));
	const fast = await RawClient.open(broker.port, { clientId: "fast", version: 4 });
	const calm = await RawClient.open(broker.port, { clientId: "calm", version: 4 });
	const count = 45;
	for (let i = 0; i < count; i++)
		fast.send({ cmd: "publish", topic: "t/fast", payload: String(i), qos: 1, messageId: i + 1, dup: false, retain: false });
	await until(() => heard.length === 11);
	calm.send({ cmd: "publish", topic: "t/calm", payload: "now", qos: 1, messageId: 1, dup: false, retain: false });
	await until(() => heard.length === 12);
	expect(heard.at(-1)).toBe("t/calm now");
	let steps = 0;
	for (; heard.length < count + 1; steps++) {
		await clock.advance(100);
		await turn();
	}
	// Ten came at once and each of the others had to be earned.
	expect(steps).toBeGreaterThanOrEqual(count - 11);
	expect(heard.filter((line) => line.startsWith("t/fast"))).toEqual(Array.from({ length: count }, (_, i) => `t/fast ${i}`));
	expect(broker.figures().dropped).toBe(0);
	expect(broker.clients()).toHaveLength(2);
});

test("a byte rate holds as well, and a client that is held is not taken for dead", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock, policies: [{ match: {}, maxBytesPerSecond: 1000 }] });
	let heard = 0;
	broker.subscribe("t", "test", () => heard++);
	const client = await RawClient.open(broker.port, { clientId: "c", version: 4, keepalive: 2 });
	for (let i = 0; i < 3; i++)
		client.send({ cmd: "publish", topic: "t", payload: Buffer.alloc(10_000), qos: 0, dup: false, retain: false });
	await until(() => heard === 1);
	await clock.advance(5000);
	expect(heard).toBe(1);
	expect(broker.clients()).toHaveLength(1);
	await clock.advance(5000);
	await until(() => heard === 2);
	for (let i = 0; i < 11 && heard < 3; i++) {
		await clock.advance(1000);
		await turn();
	}
	expect(heard).toBe(3);
	expect(client.closed).toBe(false);
});

test("a principal has as many connections as its policy says; one that comes back takes its own place", async () => {
	await using broker = await brokerForTest({
		authenticate: async () => everything("key_1"),
		policies: [{ match: { principal: "key_1" }, maxConnections: 2 }],
	});
	const one = await RawClient.open(broker.port, { clientId: "one" });
	await RawClient.open(broker.port, { clientId: "two" });
	expect((await RawClient.open(broker.port, { clientId: "three" })).received[0]).toMatchObject({ reasonCode: 0x97 });
	await RawClient.open(broker.port, { clientId: "one" });
	await one.untilClosed();
	expect(broker.clients().map(({ id }) => id)).toEqual(["two", "one"]);
	expect((await RawClient.open(broker.port, { clientId: "three" })).received[0]).toMatchObject({ reasonCode: 0x97 });
});

test("subscriptions, packets and messages under way are bounded by the policy", async () => {
	await using broker = await brokerForTest({
		policies: [{ match: {}, maxSubscriptions: 1, maxInflight: 2, maxPacketBytes: 2048 }],
	});
	const client = await RawClient.open(broker.port, { clientId: "c" });
	client.send({
		cmd: "subscribe",
		messageId: 1,
		subscriptions: [
			{ topic: "a", qos: 1 },
			{ topic: "b", qos: 1 },
		],
	});
	expect(await client.next()).toMatchObject({ cmd: "suback", granted: [1, 0x97] });
	for (let i = 0; i < 5; i++) broker.publish({ topic: "a", payload: Buffer.from(String(i)), qos: 1 });
	expect((await client.settled()).length).toBe(2);
	client.send({ cmd: "publish", topic: "a", payload: Buffer.alloc(3000), qos: 0, dup: false, retain: false });
	await client.untilClosed();
});

for (const [onSlow, kept] of [
	["drop-oldest", ["0", "1", "7", "8", "9"]],
	["drop-newest", ["0", "1", "2", "3", "4"]],
] as const)
	test(`a slow client with ${onSlow} stays, and what is dropped is counted`, async () => {
		await using broker = await brokerForTest({
			policies: [{ match: { clientId: "slow" }, maxInflight: 2, queueMessages: 3, onSlow }],
		});
		const slow = await RawClient.open(broker.port, { clientId: "slow", version: 4 });
		await slow.subscribe("t", 1);
		for (let i = 0; i < 10; i++) broker.publish({ topic: "t", payload: Buffer.from(String(i)), qos: 1 });
		expect(broker.figures().dropped).toBe(5);
		const got: string[] = [];
		while (got.length < kept.length) {
			const packet = await slow.next();
			if (packet?.cmd !== "publish") continue;
			got.push(packet.payload.toString());
			slow.send({ cmd: "puback", messageId: packet.messageId as number });
		}
		expect(got).toEqual(kept);
		expect(broker.clients()).toHaveLength(1);
	});

test("with disconnect, a client that does not read even QoS 0 is ended", async () => {
	await using broker = await brokerForTest({
		policies: [{ match: { clientId: "frozen" }, queueBytes: 65_536, onSlow: "disconnect" }],
	});
	const frozen = await RawClient.open(broker.port, { clientId: "frozen" });
	await frozen.subscribe("#");
	frozen.socket.pause();
	while (broker.clients().length > 0) {
		for (let i = 0; i < 10; i++) broker.publish({ topic: "t", payload: Buffer.alloc(10_000) });
		await turn();
	}
	frozen.socket.resume();
	await frozen.untilClosed();
});

test("one address has as many connections as may be; when one leaves another may come", async () => {
	await using broker = await brokerForTest({ limits: { maxConnectionsPerAddress: 2 } });
	const one = await RawClient.open(broker.port, { clientId: "one" });
	await RawClient.open(broker.port, { clientId: "two" });
	await expect(RawClient.open(broker.port, { clientId: "three" })).rejects.toThrow();
	expect(broker.figures().refusedConnections).toBe(1);
	one.end();
	await until(() => broker.clients().length === 1);
	await RawClient.open(broker.port, { clientId: "three" });
	expect(broker.clients().map(({ id }) => id)).toEqual(["two", "three"]);
});

test("newcomers enter at their pace and in order, a tenth of a second's worth at once", async () => {
	const clock = createFakeClock();
	const inside: number[] = [];
	const pace = new EntryPace<number>({ perSecond: 100, clock, enter: (one) => inside.push(one) });
	for (let i = 0; i < 60; i++) pace.add(i);
	expect(inside).toHaveLength(10);
	await clock.advance(250);
	expect(inside).toHaveLength(35);
	await clock.advance(1000);
	expect(inside).toEqual(Array.from({ length: 60 }, (_, i) => i));
	expect(pace.waiting).toBe(0);
});
