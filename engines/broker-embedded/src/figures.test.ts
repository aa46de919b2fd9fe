import { createFakeClock } from "@millwright/testkit/fake-clock";
import { expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { RawClient } from "./testing/raw-client.ts";

const until = async (holds: () => boolean): Promise<void> => {
	while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};

test("under $SYS and in the metrics the broker says what went through it", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ clock, version: "1.2.3" });
	const says = (name: string): string | undefined =>
		broker.retained(`$SYS/broker/${name}`, 1).map(({ payload }) => Buffer.from(payload).toString())[0];
	const reader = await RawClient.open(broker.port, { clientId: "reader", properties: { sessionExpiryInterval: 15 } });
	await reader.subscribe("t", 1);
	const writer = await RawClient.open(broker.port, { clientId: "writer" });
	for (let i = 1; i <= 30; i++)
		writer.send({ cmd: "publish", topic: "t", payload: "x", qos: 1, messageId: i, dup: false, retain: i === 30 });
	await writer.settled();
	await clock.advance(10_000);
	expect(
		Object.fromEntries(["version", "uptime", "clients/connected", "clients/total"].map((name) => [name, says(name)])),
	).toEqual({
		version: "Millwright 1.2.3",
		uptime: "10 seconds",
		"clients/connected": "2",
		"clients/total": "2",
	});
	expect([says("publish/messages/received"), says("publish/messages/sent"), says("publish/messages/dropped")]).toEqual([
		"30",
		"30",
		"0",
	]);
	// CONNECT and SUBSCRIBE of one; CONNECT, publishes and a ping of the other.
	expect(says("messages/received")).toBe("34");
	expect(Number(says("bytes/received"))).toBe(broker.figures().bytesReceived);
	// Thirty not acknowledged, one retained, and the figures themselves.
	expect(Number(says("messages/stored"))).toBe(30 + broker.figures().retained);
	expect(Number(says("heap/current"))).toBeGreaterThan(1_000_000);

	// 30 messages in a sixth of a minute is 180 a minute, of which the averages have taken their part.
	const average = (minutes: number) => 180 * (1 - Math.exp(-1 / 6 / minutes));
	for (const minutes of [1, 5, 15]) expect(Number(says(`load/publish/received/${minutes}min`))).toBeCloseTo(average(minutes), 1);

	reader.end();
	writer.end();
	await until(() => broker.clients().length === 0);
	await clock.advance(20_000);
	expect([says("clients/connected"), says("clients/total"), says("clients/maximum"), says("clients/expired")]).toEqual([
		"0",
		"0",
		"2",
		"1",
	]);
	const metrics = Object.fromEntries((broker.part.figures?.() ?? []).map(({ name, value }) => [name, value]));
	expect(metrics).toMatchObject({
		mqtt_clients: 0,
		mqtt_most_clients: 2,
		mqtt_expired_total: 1,
		mqtt_received_total: 30,
		mqtt_connections_total: 2,
		mqtt_waiting: 0,
	});
});

test("a client that asks for everything is not told the broker's figures", async () => {
	await using broker = await brokerForTest();
	const reader = await RawClient.open(broker.port);
	await reader.subscribe("#");
	expect((await reader.settled()).filter((packet) => packet.cmd === "publish")).toEqual([]);
	await reader.subscribe("$SYS/broker/uptime");
	expect(await reader.next()).toMatchObject({ cmd: "publish", topic: "$SYS/broker/uptime", retain: true });
});
