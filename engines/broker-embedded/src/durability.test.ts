import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit/fake-clock";
import type { Packet } from "mqtt-packet";
import { afterEach, expect, test } from "vitest";
import { createEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from "./broker.ts";
import { everything } from "./testing/broker-for-test.ts";
import { RawClient, textOf } from "./testing/raw-client.ts";

const folders: string[] = [];
const running: EmbeddedBroker[] = [];
afterEach(async () => {
	for (const broker of running.splice(0)) await broker.stop();
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "broker-journal-"));
	folders.push(folder);
	return folder;
}

async function start(folder: string, options: Partial<EmbeddedBrokerOptions> = {}): Promise<EmbeddedBroker> {
	const broker = createEmbeddedBroker({
		listen: { host: "127.0.0.1", port: 0 },
		authenticate: async ({ username, clientId }) => everything(username ?? clientId),
		clock: createClock(),
		log: silentLog,
		folder,
		...options,
	});
	await broker.start();
	running.push(broker);
	return broker;
}

async function stop(broker: EmbeddedBroker): Promise<void> {
	running.splice(running.indexOf(broker), 1);
	await broker.stop();
}

const lasting = (clientId: string, more: object = {}) => ({
	clientId,
	clean: false,
	properties: { sessionExpiryInterval: 600 },
	...more,
});

const publish = (topic: string, payload: string, messageId: number, more: object = {}): Packet => ({
	cmd: "publish",
	topic,
	payload,
	qos: 1,
	messageId,
	dup: false,
	retain: false,
	...more,
});

const texts = (packets: readonly Packet[]): string[] => packets.filter(({ cmd }) => cmd === "publish").map(textOf);

test("a restart keeps subscriptions with their options, what waited, and what was under way with its identifier", async () => {
	const folder = newFolder();
	let broker = await start(folder);
	const before = await RawClient.open(
		broker.port,
		lasting("reader", { properties: { sessionExpiryInterval: 600, receiveMaximum: 2 } }),
	);
	await before.subscribe("q/#", 2, { id: 9, rap: true });
	const writer = await RawClient.open(broker.port);
	for (const [i, qos] of [1, 2, 1, 2].entries()) writer.send(publish(`q/${i}`, String(i), i + 1, { qos }));
	await writer.until(() => writer.received.length === 5);
	const under = (await before.settled()) as { messageId: number }[];
	expect(under).toHaveLength(2);
	await stop(broker);
	broker = await start(folder);
	const after = await RawClient.open(broker.port, lasting("reader"));
	expect(after.received[0]).toMatchObject({ sessionPresent: true });
	await after.until(() => after.received.length >= 5);
	expect(after.received.slice(1)).toMatchObject([
		{ topic: "q/0", qos: 1, dup: true, messageId: under[0]?.messageId, properties: { subscriptionIdentifier: 9 } },
		{ topic: "q/1", qos: 2, dup: true, messageId: under[1]?.messageId },
		{ topic: "q/2", qos: 1, dup: false },
		{ topic: "q/3", qos: 2, dup: false },
	]);
	broker.publish({ topic: "q/live", payload: Buffer.from("live"), retain: true });
	await after.until(() => after.received.length >= 6);
	expect(after.received[5]).toMatchObject({ topic: "q/live", retain: true });
});

test("the state of QoS 2 survives on both sides: nothing twice, nothing left", async () => {
	const folder = newFolder();
	let broker = await start(folder);
	const heard: string[] = [];
	const listen = () => broker.subscribe("in", "test", ({ payload }) => heard.push(Buffer.from(payload).toString()));
	listen();
	const writer = await RawClient.open(broker.port, lasting("writer"));
	writer.send(publish("in", "once", 5, { qos: 2 }));
	expect(await writer.next()).toMatchObject({ cmd: "pubrec", messageId: 5 });
	const reader = await RawClient.open(broker.port, lasting("reader"));
	await reader.subscribe("out", 2);
	broker.publish({ topic: "out", payload: Buffer.from("x"), qos: 2 });
	const id = (await reader.next())?.messageId as number;
	reader.send({ cmd: "pubrec", messageId: id });
	expect(await reader.next()).toMatchObject({ cmd: "pubrel", messageId: id });
	await stop(broker);
	broker = await start(folder);
	listen();
	const writerAgain = await RawClient.open(broker.port, lasting("writer"));
	writerAgain.send(publish("in", "once", 5, { qos: 2, dup: true }));
	writerAgain.send({ cmd: "pubrel", messageId: 5 });
	expect(await writerAgain.next()).toMatchObject({ cmd: "pubrec", messageId: 5 });
	expect(await writerAgain.next()).toMatchObject({ cmd: "pubcomp", messageId: 5, reasonCode: 0 });
	expect(heard).toEqual(["once"]);
	const readerAgain = await RawClient.open(broker.port, lasting("reader"));
	expect(await readerAgain.next()).toMatchObject({ cmd: "pubrel", messageId: id });
	readerAgain.send({ cmd: "pubcomp", messageId: id });
	await readerAgain.settled();
	await stop(broker);
	broker = await start(folder);
	// The identifier is free again: another message under it is another message.
	listen();
	const third = await RawClient.open(broker.port, lasting("writer"));
	third.send(publish("in", "another", 5, { qos: 2 }));
	expect(await third.next()).toMatchObject({ cmd: "pubrec", messageId: 5 });
	expect(heard).toEqual(["once", "another"]);
	const readerThird = await RawClient.open(broker.port, lasting("reader"));
	expect(await readerThird.settled()).toEqual([]);
});

test("what clients retain survives, cleared is cleared; the process's own survives only where it asks for it", async () => {
	const folder = newFolder();
	let broker = await start(folder);
	const writer = await RawClient.open(broker.port);
	writer.send(publish("r/a", "old", 1, { retain: true }));
	writer.send(publish("r/a", "new", 2, { retain: true, properties: { contentType: "text/plain" } }));
	writer.send(publish("r/b", "gone", 3, { retain: true }));
	writer.send(publish("r/b", "", 4, { retain: true }));
	writer.send(publish("r/zero", "soon", 0, { retain: true, qos: 0, messageId: undefined }));
	await writer.until(() => writer.received.length === 5);
	broker.publish({ topic: "r/own", payload: Buffer.from("own"), retain: true });
	broker.publish({ topic: "r/lasting", payload: Buffer.from("lasting"), retain: true, durable: true });
	await stop(broker);
	broker = await start(folder);
	expect(broker.retained("r/#", 10).map(({ topic, payload }) => [topic, Buffer.from(payload).toString()])).toEqual([
		["r/a", "new"],
		["r/lasting", "lasting"],
		["r/zero", "soon"],
	]);
	const reader = await RawClient.open(broker.port);
	await reader.subscribe("r/a");
	expect((await reader.settled())[0]).toMatchObject({ retain: true, properties: { contentType: "text/plain" } });
	// A value of the process's own takes the topic over, and what was kept is forgotten.
	broker.publish({ topic: "r/a", payload: Buffer.from("own"), retain: true });
	await stop(broker);
	broker = await start(folder);
	expect(broker.retained("r/a", 1)).toEqual([]);
});

test("expiry goes on by the wall clock while the process is down: of sessions, queued and retained messages", async () => {
	const folder = newFolder();
	const clock = createFakeClock();
	let broker = await start(folder, { clock });
	const long = await RawClient.open(broker.port, lasting("long", { keepalive: 600 }));
	await long.subscribe("t", 1);
	const short = await RawClient.open(
		broker.port,
		lasting("short", { keepalive: 600, properties: { sessionExpiryInterval: 60 } }),
	);
	await short.subscribe("t", 1);
	long.end();
	short.end();
	while (broker.clients().length > 0) await new Promise((resolve) => setImmediate(resolve));
	const writer = await RawClient.open(broker.port, { keepalive: 600 });
	writer.send(publish("t", "brief", 1, { properties: { messageExpiryInterval: 50 } }));
	writer.send(publish("t", "lasting", 2, { retain: true, properties: { messageExpiryInterval: 500 } }));
	await writer.until(() => writer.received.length === 3);
	await stop(broker);
	clock.set(clock.nowMs() + 100_000);
	broker = await start(folder, { clock });
	await clock.advance(1100);
	const again = await RawClient.open(broker.port, lasting("short", { keepalive: 600 }));
	expect(again.received[0]).toMatchObject({ sessionPresent: false });
	const back = await RawClient.open(broker.port, lasting("long", { keepalive: 600 }));
	const got = await back.settled();
	expect(texts(got)).toEqual(["lasting"]);
	expect(got[0]).toMatchObject({ properties: { messageExpiryInterval: 399 } });
});

test("a session that was ended, or whose client wants it no longer, does not come back", async () => {
	const folder = newFolder();
	let broker = await start(folder);
	for (const clientId of ["clean", "shortened", "withdrawn"]) {
		const client = await RawClient.open(broker.port, lasting(clientId));
		await client.subscribe("t", 1);
		if (clientId === "shortened") client.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
		else client.end();
	}
	while (broker.clients().length > 0) await new Promise((resolve) => setImmediate(resolve));
	broker.publish({ topic: "t", payload: Buffer.from("x"), qos: 1 });
	await RawClient.open(broker.port, { clientId: "clean", clean: true });
	broker.disconnectPrincipal("withdrawn");
	await stop(broker);
	broker = await start(folder);
	for (const clientId of ["clean", "shortened", "withdrawn"])
		expect((await RawClient.open(broker.port, lasting(clientId))).received[0]).toMatchObject({ sessionPresent: false });
});

test("a will outlives the process, with or without its session, is published once, and not when its client said goodbye", async () => {
	const folder = newFolder();
	const clock = createFakeClock();
	let broker = await start(folder, { clock });
	const will = (topic: string, delay = 0) => ({
		keepalive: 600,
		will: {
			topic,
			payload: Buffer.from(`${topic} is gone`),
			qos: 1 as const,
			retain: true,
			properties: { willDelayInterval: delay },
		},
	});
	const journalled = async () => {
		// A CONNACK of a session that lasts follows its records.
		const witness = await RawClient.open(broker.port, lasting(`witness-${clock.nowMs()}`, { keepalive: 600 }));
		witness.end();
	};
	await RawClient.open(broker.port, { clientId: "clean", ...will("w/clean") });
	await RawClient.open(broker.port, lasting("delayed", will("w/delayed", 30)));
	await RawClient.open(broker.port, lasting("back", will("w/back", 30)));
	const polite = await RawClient.open(broker.port, { clientId: "polite", ...will("w/polite") });
	polite.send({ cmd: "disconnect", reasonCode: 0 });
	await polite.untilClosed();
	await journalled();
	// As after a kill: the files as they are, without the farewells of a stop.
	const crashed = newFolder();
	copy(join(folder, "journal"), join(crashed, "journal"));
	await stop(broker);
	broker = await start(crashed, { clock });
	await clock.advance(1100);
	const said = () => broker.retained("w/#", 10).map(({ topic }) => topic);
	expect(said()).toEqual(["w/clean"]);
	await RawClient.open(broker.port, lasting("back", { keepalive: 600 }));
	await clock.advance(31_000);
	expect(said()).toEqual(["w/clean", "w/delayed"]);
	broker.publish({ topic: "w/clean", payload: new Uint8Array(), retain: true });
	await stop(broker);
	broker = await start(crashed, { clock });
	await clock.advance(40_000);
	expect(said()).toEqual(["w/delayed"]);
});

function copy(from: string, to: string): void {
	mkdirSync(to, { recursive: true });
	for (const name of readdirSync(from)) writeFileSync(join(to, name), readFileSync(join(from, name)));
}

test("an unfinished end is cut off, damage is set aside and said, and the rest goes on", async () => {
	const folder = newFolder();
	let broker = await start(folder);
	const writer = await RawClient.open(broker.port);
	for (let i = 0; i < 20; i++) {
		writer.send(publish(`r/${i}`, `value ${i}`, 1, { retain: true }));
		await writer.next();
	}
	await stop(broker);
	const journal = join(folder, "journal");
	const [log] = readdirSync(journal).filter((name) => name.endsWith(".log"));
	const file = join(journal, log as string);
	truncateSync(file, readFileSync(file).length - 3);
	broker = await start(folder);
	expect(broker.retained("r/#", 100)).toHaveLength(19);
	expect(broker.part.health?.()).toEqual({ state: "good" });
	await stop(broker);

	const bytes = readFileSync(file);
	bytes.fill(0xff, 300, 320);
	writeFileSync(file, bytes);
	broker = await start(folder);
	const left = broker.retained("r/#", 100).length;
	expect(left).toBeGreaterThan(14);
	expect(left).toBeLessThan(19);
	expect(broker.part.health?.()).toMatchObject({ state: "degraded", hint: expect.stringContaining(".damaged-") });
	expect(readdirSync(journal).some((name) => name.includes(".damaged-"))).toBe(true);
	await stop(broker);
	broker = await start(folder);
	expect(broker.retained("r/#", 100)).toHaveLength(left);
	expect(broker.part.health?.()).toEqual({ state: "good" });
});

test("a copy made while running holds what was acknowledged", async () => {
	const folder = newFolder();
	const broker = await start(folder);
	const writer = await RawClient.open(broker.port);
	for (let i = 0; i < 50; i++) writer.send(publish(`r/${i}`, "x", i + 1, { retain: true }));
	await writer.until(() => writer.received.length === 51);
	const target = newFolder();
	await broker.part.copyTo?.(target);
	writer.send(publish("r/later", "x", 51, { retain: true }));
	await writer.until(() => writer.received.length === 52);
	const restored = await start(target);
	expect(restored.retained("#", 100)).toHaveLength(50);
	expect(restored.conversations()).toMatchObject([
		{ client: broker.conversations()[0]?.client, publishes: expect.arrayContaining([expect.anything()]) },
	]);
	expect(broker.retained("r/#", 100)).toHaveLength(51);
});

test("who was away may have lost the right to what waits: it is looked through before any of it leaves", async () => {
	const folder = newFolder();
	let broker = await start(folder);
	const before = await RawClient.open(broker.port, lasting("reader"));
	await before.subscribe("#", 1);
	before.end();
	while (broker.clients().length > 0) await new Promise((resolve) => setImmediate(resolve));
	for (const topic of ["open/a", "secret/a", "open/b"]) broker.publish({ topic, payload: Buffer.from(topic), qos: 1 });
	await stop(broker);
	broker = await start(folder, {
		authenticate: async ({ clientId }) => ({ ...everything(clientId), mayReceive: (topic) => !topic.startsWith("secret") }),
	});
	broker.publish({ topic: "secret/b", payload: Buffer.from("x"), qos: 1 });
	const after = await RawClient.open(broker.port, lasting("reader"));
	await after.until(() => after.received.length >= 3);
	await after.settled();
	expect(texts(after.received)).toEqual(["open/a", "open/b"]);
});

test("who talks to whom is known over restarts", async () => {
	const folder = newFolder();
	let broker = await start(folder);
	const client = await RawClient.open(broker.port, { clientId: "gateway", username: "key_1", password: Buffer.from("x") });
	await client.subscribe("$share/g/orders/#", 2);
	for (let i = 0; i < 3; i++) client.send(publish("udt/a/b", "12345", i + 1));
	await client.settled();
	expect(broker.conversations()).toMatchObject([
		{
			client: "gateway",
			principal: "key_1",
			connected: true,
			publishes: [{ filter: "udt/a/b", messages: 3, bytes: 15 }],
			subscribes: [{ filter: "orders/#", qos: 2, group: "g" }],
		},
	]);
	await stop(broker);
	broker = await start(folder);
	expect(broker.conversations()).toMatchObject([{ client: "gateway", connected: false, publishes: [{ messages: 3 }] }]);
	const again = await RawClient.open(broker.port, { clientId: "gateway", username: "key_1", password: Buffer.from("x") });
	again.send(publish("udt/a/b", "1", 1));
	await again.settled();
	expect(broker.conversations()[0]).toMatchObject({ connected: true, publishes: [{ messages: 4, bytes: 16 }] });
});

test("a broker whose port was taken, and one that is stopped and started again, has each session once", async () => {
	const folder = newFolder();
	let broker = await start(folder);
	const before = await RawClient.open(broker.port, lasting("reader"));
	await before.subscribe("t", 1);
	const { port } = broker;
	await stop(broker);
	const blocker = createServer();
	await new Promise<void>((resolve) => blocker.listen(port, "127.0.0.1", resolve));
	broker = createEmbeddedBroker({
		listen: { host: "127.0.0.1", port },
		authenticate: async ({ clientId }) => everything(clientId),
		clock: createClock(),
		log: silentLog,
		folder,
	});
	await expect(broker.start()).rejects.toMatchObject({ code: "broker.listen-failed" });
	await new Promise((resolve) => blocker.close(resolve));
	await broker.start();
	broker.publish({ topic: "t", payload: Buffer.from("one"), qos: 1 });
	await broker.stop();
	await broker.start();
	running.push(broker);
	broker.publish({ topic: "t", payload: Buffer.from("two"), qos: 1 });
	const after = await RawClient.open(port, lasting("reader"));
	await after.until(() => after.received.length >= 3);
	await after.settled();
	expect(texts(after.received)).toEqual(["one", "two"]);
});
