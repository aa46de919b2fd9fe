import { execFile, spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { connectAsync } from "mqtt";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { hasMosquittoClients } from "./testing/mosquitto.ts";

/** An HTTP server that passes /mqtt on to the broker, as the platform does. */
async function webServer(broker: Awaited<ReturnType<typeof brokerForTest>>) {
	const server = createServer();
	server.on("upgrade", (request, socket, head) => broker.handleWebSocketUpgrade(request, socket, head));
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() };
}

test("mqtt.js over WebSocket and over TCP talk to each other", async () => {
	await using broker = await brokerForTest();
	using web = await webServer(broker);
	const browser = await connectAsync(`ws://127.0.0.1:${web.port}/mqtt`, { protocolVersion: 5, reconnectPeriod: 0 });
	const tool = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 4, reconnectPeriod: 0 });
	const large = Buffer.alloc(300_000, "x");
	const got = new Promise<Buffer>((resolve) => browser.once("message", (_topic, payload) => resolve(payload)));
	await browser.subscribeAsync("up/#");
	await tool.publishAsync("up/large", large, { qos: 1 });
	expect((await got).equals(large)).toBe(true);
	const answer = new Promise<string>((resolve) => tool.once("message", (topic, payload) => resolve(`${topic} ${payload}`)));
	await tool.subscribeAsync("down");
	await browser.publishAsync("down", "hello", { qos: 1 });
	expect(await answer).toBe("down hello");
	expect(broker.clients().map(({ protocol, version }) => [protocol, version])).toEqual([
		["mqtt-ws", 5],
		["mqtt", 4],
	]);
	await browser.endAsync();
	await tool.endAsync();
});

test("mqtt.js is told topics by number and still knows them; QoS 2 works both ways", async () => {
	await using broker = await brokerForTest();
	const reader = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
		protocolVersion: 5,
		reconnectPeriod: 0,
		properties: { topicAliasMaximum: 3 },
	});
	const heard: string[] = [];
	const done = new Promise<void>((resolve) =>
		reader.on("message", (topic, payload, { qos }) => {
			heard.push(`${topic} ${payload} ${qos}`);
			if (heard.length === 12) resolve();
		}),
	);
	await reader.subscribeAsync("n/#", { qos: 2 });
	const writer = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
		protocolVersion: 5,
		reconnectPeriod: 0,
		autoAssignTopicAlias: true,
	});
	const expected: string[] = [];
	for (let i = 0; i < 12; i++) {
		const qos = (i % 3) as 0 | 1 | 2;
		expected.push(`n/${i % 4} ${i} ${qos}`);
		await writer.publishAsync(`n/${i % 4}`, String(i), { qos });
	}
	await done;
	// Of different QoS one may overtake the other.
	expect(heard.sort()).toEqual(expected.sort());
	await reader.endAsync();
	await writer.endAsync();
});

test("a WebSocket without the mqtt subprotocol is refused, and one that sends text is closed", async () => {
	await using broker = await brokerForTest();
	using web = await webServer(broker);
	const plain = new WebSocket(`ws://127.0.0.1:${web.port}/mqtt`);
	expect(await new Promise((resolve) => plain.once("error", (error) => resolve(error.message)))).toMatch(/400/);
	const talker = new WebSocket(`ws://127.0.0.1:${web.port}/mqtt`, "mqtt");
	talker.once("open", () => talker.send("hello"));
	expect(await new Promise((resolve) => talker.once("close", resolve))).toBe(1003);
});

test("a frozen WebSocket subscriber is bounded like any other", async () => {
	await using broker = await brokerForTest({ limits: { queueBytes: 65_536 } });
	using web = await webServer(broker);
	const frozen = new WebSocket(`ws://127.0.0.1:${web.port}/mqtt`, "mqtt");
	await new Promise((resolve) => frozen.once("open", resolve));
	frozen.send(generate({ cmd: "connect", clientId: "frozen", clean: true, keepalive: 60, protocolVersion: 4 }));
	frozen.send(generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 0 }] }));
	while (broker.clients()[0]?.subscriptions.length !== 1) await new Promise((resolve) => setImmediate(resolve));
	frozen.pause();
	while (broker.figures().dropped === 0) {
		for (let i = 0; i < 100; i++) broker.publish({ topic: "t", payload: Buffer.alloc(10_000) });
		await new Promise((resolve) => setImmediate(resolve));
	}
	expect(broker.clients()[0]?.queuedBytes).toBeLessThan(65_536 + 600_000);
	frozen.terminate();
});

if (!hasMosquittoClients) {
	console.warn("mosquitto_pub and mosquitto_sub are not installed: their test is skipped");
	test.skip("mosquitto_pub and mosquitto_sub are not installed", () => {});
} else
	for (const version of ["311", "5"])
		test(`mosquitto_pub and mosquitto_sub of version ${version} are served`, async () => {
			await using broker = await brokerForTest();
			const where = ["-h", "127.0.0.1", "-p", String(broker.port), "-V", version, "-q", "1"];
			const reader = spawn("mosquitto_sub", [...where, "-t", "tools/#", "-v", "-C", "2"]);
			let said = "";
			reader.stdout.on("data", (chunk) => {
				said += String(chunk);
			});
			const ended = new Promise((resolve) => reader.once("exit", resolve));
			while (broker.clients()[0]?.subscriptions.length !== 1) await new Promise((resolve) => setImmediate(resolve));
			await promisify(execFile)("mosquitto_pub", [...where, "-t", "tools/a", "-m", "one"]);
			await promisify(execFile)("mosquitto_pub", [...where, "-t", "tools/b", "-m", "two", "-r"]);
			expect(await ended).toBe(0);
			expect(said).toBe("tools/a one\ntools/b two\n");
		});
