import type { IncomingMessage } from "@millwright/core";
import { createClock, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, expect, test } from "vitest";
import { createMqttBroker, type MqttBrokerOptions, type OutsideMessage, type OutsideVerdict } from "./broker.ts";
import { mosquittoProgram, startMosquitto } from "./testing/mosquitto.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function until(fact: () => boolean): Promise<void> {
	while (!fact()) await turn();
}

async function outside(lines: readonly string[] = []) {
	const mosquitto = await startMosquitto(lines);
	closing.push(() => mosquitto.stop());
	return mosquitto;
}

async function brokerAt(url: string, more: Partial<MqttBrokerOptions> = {}) {
	const broker = createMqttBroker({
		url,
		clientId: "millwright",
		queue: { messages: 1000, bytes: 1_000_000 },
		clock: createClock(),
		log: silentLog,
		...more,
	});
	closing.push(() => broker.stop());
	await broker.start();
	return broker;
}

async function clientAt(url: string, options: IClientOptions = {}): Promise<MqttClient> {
	const client = connect(url, { protocolVersion: 5, reconnectPeriod: 50, ...options });
	closing.push(() => client.endAsync(true));
	await new Promise<void>((resolve) => client.once("connect", () => resolve()));
	return client;
}

const state = (broker: ReturnType<typeof createMqttBroker>) => broker.part.health?.().state;
const figure = (broker: ReturnType<typeof createMqttBroker>, name: string): number =>
	broker.part.figures?.().find((one) => one.name === name)?.value ?? Number.NaN;

test.skipIf(mosquittoProgram === undefined)(
	"a broker that is killed and comes back gets every message of QoS 1, in order, and the newest retained values",
	async () => {
		const mosquitto = await outside();
		const clock = createFakeClock();
		const broker = await brokerAt(mosquitto.url, { clock });
		expect(state(broker)).toBe("good");
		broker.publish({ topic: "plant/a", payload: bytes("before"), retain: true });
		broker.publish({ topic: "plant/b", payload: bytes("unchanged"), retain: true });
		broker.publish({ topic: "plant/q", payload: bytes("-1"), qos: 1 });
		await until(() => broker.figures().sent === 3);

		await mosquitto.kill();
		await until(() => state(broker) === "failing");
		for (let i = 0; i < 50; i++) {
			broker.publish({ topic: "plant/a", payload: bytes(`value ${i}`), retain: true });
			broker.publish({ topic: "plant/q", payload: bytes(String(i)), qos: 1, retain: false });
		}
		expect(broker.part.health?.().reason).toMatch(/away since \d{4}-.*51 messages wait/);
		expect(figure(broker, "mqtt_replaced_total")).toBe(49);

		await mosquitto.start();
		const heard: string[] = [];
		const client = await clientAt(mosquitto.url);
		client.on("message", (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
		await client.subscribeAsync("plant/#", { qos: 1 });
		expect(state(broker)).toBe("failing");
		await clock.advance(1000);
		await until(() => state(broker) === "good" && heard.length === 53);
		// The broker has forgotten what it retained, also what has not changed: both come once more behind what waited.
		expect(heard).toEqual([
			"plant/a value 49",
			...Array.from({ length: 50 }, (_, i) => `plant/q ${i}`),
			"plant/a value 49",
			"plant/b unchanged",
		]);
		await until(() => figure(broker, "mqtt_waiting") === 0);
		const late = await clientAt(mosquitto.url);
		const kept: string[] = [];
		late.on("message", (topic) => kept.push(topic));
		await late.subscribeAsync("plant/#");
		await until(() => kept.length === 2);
		expect(kept.sort()).toEqual(["plant/a", "plant/b"]);
		expect(figure(broker, "mqtt_dropped_total")).toBe(0);
	},
);

test.skipIf(mosquittoProgram === undefined)("subscriptions hold over a restart of the broker", async () => {
	const mosquitto = await outside();
	const broker = await brokerAt(mosquitto.url);
	const heard: string[] = [];
	broker.subscribe("plant/#", "test", ({ payload }) => heard.push(Buffer.from(payload).toString()));
	broker.subscribe("plant/+", "test", () => {});
	await mosquitto.kill();
	await until(() => state(broker) === "failing");
	await mosquitto.start();
	await until(() => state(broker) === "good");
	const client = await clientAt(mosquitto.url);
	await client.publishAsync("plant/x", "after", { qos: 1 });
	await until(() => heard.length > 0);
	await client.publishAsync("plant/x", "again", { qos: 1 });
	await until(() => heard.length > 1);
	expect(heard).toEqual(["after", "again"]);
});

test("what waits for a broker that is not there is bounded in number and bytes; QoS 0 goes first, and drops are counted", async () => {
	const broker = await brokerAt("mqtt://127.0.0.1:1", { queue: { messages: 100, bytes: 10_000 } });
	for (let i = 0; i < 200; i++) broker.publish({ topic: "a", payload: bytes(String(i)) });
	expect(figure(broker, "mqtt_waiting")).toBe(100);
	for (let i = 0; i < 150; i++) broker.publish({ topic: "a", payload: bytes(String(i)), qos: 1 });
	expect(figure(broker, "mqtt_waiting")).toBe(100);
	expect(figure(broker, "mqtt_dropped_total")).toBe(250);
	expect(figure(broker, "mqtt_dropped_assured_total")).toBe(50);
	for (let i = 0; i < 150; i++) broker.publish({ topic: "b", payload: new Uint8Array(9000), retain: true });
	expect(figure(broker, "mqtt_waiting_bytes")).toBeLessThanOrEqual(10_000);
	expect(broker.part.health?.()).toMatchObject({ state: "failing", reason: expect.stringContaining("away since") });
});

test.skipIf(mosquittoProgram === undefined)("strangers' documents reach the gate once, its own publishes never", async () => {
	const mosquitto = await outside();
	const seen: (OutsideMessage & { text: string })[] = [];
	const before = await clientAt(mosquitto.url);
	await before.publishAsync("udt/kept", "old", { qos: 1, retain: true });
	const judge = (message: OutsideMessage): OutsideVerdict => {
		seen.push({ ...message, text: Buffer.from(message.payload).toString() });
		return message.topic === "udt/bad" ? { refuse: 0x99 } : { retain: true };
	};
	const broker = await brokerAt(mosquitto.url, { external: { root: () => "udt", judge } });
	const inside: IncomingMessage[] = [];
	broker.subscribe("udt/#", "test", (message) => inside.push(message));
	await until(() => seen.length === 1);
	broker.publish({ topic: "udt/own", payload: bytes("mine"), retain: true });
	await before.publishAsync("udt/new", "x", { qos: 1 });
	await before.publishAsync("udt/bad", "y", { qos: 1 });
	await before.publishAsync("elsewhere", "z", { qos: 1 });
	await until(() => seen.length === 3);
	expect(seen.map(({ topic, text, isKept }) => [topic, text, isKept])).toEqual([
		["udt/kept", "old", true],
		["udt/new", "x", false],
		["udt/bad", "y", false],
	]);
	expect(inside.map(({ topic }) => topic).sort()).toEqual(["udt/bad", "udt/kept", "udt/new", "udt/own"]);
	expect(broker.retained("udt/#", 10).map(({ topic }) => topic)).toEqual(["udt/kept", "udt/new", "udt/own"]);
});

test.skipIf(mosquittoProgram === undefined)(
	"a message is acknowledged when it is stored, and others do not wait for it",
	async () => {
		const mosquitto = await outside();
		const stores: PromiseWithResolvers<void>[] = [];
		const seen: string[] = [];
		const judge = (message: OutsideMessage): OutsideVerdict => {
			seen.push(Buffer.from(message.payload).toString());
			const stored = Promise.withResolvers<void>();
			stores.push(stored);
			return { retain: true, stored: stored.promise };
		};
		const broker = await brokerAt(mosquitto.url, { external: { root: () => "udt", judge } });
		const client = await clientAt(mosquitto.url);
		for (const text of ["1", "2", "3"]) await client.publishAsync("udt/a", text, { qos: 1 });
		await until(() => seen.length === 3);
		stores[0]?.resolve();
		stores[1]?.resolve();
		await turn();
		// Ends without the third acknowledgement, and comes back as the same client.
		await broker.stop();
		await broker.start();
		await until(() => seen.length === 4);
		expect(seen).toEqual(["1", "2", "3", "3"]);
	},
);

test.skipIf(mosquittoProgram === undefined)("a password that is wrong is said, and tried again", async () => {
	const mosquitto = await outside(["allow_anonymous false"]);
	const broker = await brokerAt(mosquitto.url, { credentials: { username: "mill", password: "wrong" } });
	expect(broker.part.health?.()).toMatchObject({ state: "failing", reason: expect.stringMatching(/[Nn]ot authorized/) });
});

test.skipIf(mosquittoProgram === undefined)(
	"nothing more is read while there is no room, and nothing is missing afterwards",
	async () => {
		const mosquitto = await outside();
		const room = Promise.withResolvers<void>();
		const seen: string[] = [];
		const judge = ({ payload }: OutsideMessage): OutsideVerdict => {
			const text = Buffer.from(payload).toString();
			seen.push(text);
			return text === "2" ? { retain: false, room: room.promise } : { retain: false };
		};
		await brokerAt(mosquitto.url, { external: { root: () => "udt", judge } });
		const client = await clientAt(mosquitto.url);
		for (let i = 0; i < 10; i++) await client.publishAsync("udt/a", String(i), { qos: i % 2 === 0 ? 0 : 1 });
		await until(() => seen.includes("2"));
		for (let i = 0; i < 20; i++) await turn();
		expect(seen).toEqual(["0", "1", "2"]);
		room.resolve();
		await until(() => seen.length === 10);
		expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => String(i)));
	},
);
