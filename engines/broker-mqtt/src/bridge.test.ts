import { createClock, silentLog } from "@millwright/runtime";
import { connect, type MqttClient } from "mqtt";
import { afterEach, expect, test } from "vitest";
import { type BridgeOptions, createBridge, hopProperty } from "./bridge.ts";
import { createMqttBroker } from "./broker.ts";
import { type Mosquitto, mosquittoProgram, startMosquitto } from "./testing/mosquitto.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function until(fact: () => boolean): Promise<void> {
	while (!fact()) await turn();
}
const withMosquitto = test.skipIf(mosquittoProgram === undefined);

async function outside(): Promise<Mosquitto> {
	const mosquitto = await startMosquitto();
	closing.push(() => mosquitto.stop());
	return mosquitto;
}

async function ourBroker(url: string, clientId = "ours") {
	const broker = createMqttBroker({
		url,
		clientId,
		queue: { messages: 5000, bytes: 5_000_000 },
		clock: createClock(),
		log: silentLog,
	});
	closing.push(() => broker.stop());
	await broker.start();
	return broker;
}

async function bridgeTo(url: string, about: Pick<BridgeOptions, "broker"> & Partial<BridgeOptions>) {
	const name = about.name ?? "up";
	const bridge = createBridge({
		name,
		outside: { url, clientId: `bridge-${about.marker ?? name}`, queue: { messages: 1000, bytes: 1_000_000 } },
		out: [],
		in: [],
		marker: `plant/${name}`,
		clock: createClock(),
		log: silentLog,
		...about,
	});
	closing.push(() => bridge.part.stop());
	await bridge.part.start();
	return bridge;
}

async function clientAt(url: string): Promise<{ client: MqttClient; heard: string[] }> {
	const client = connect(url, { protocolVersion: 5, reconnectPeriod: 50 });
	const heard: string[] = [];
	closing.push(() => client.endAsync(true));
	client.on("message", (topic, payload, { retain }) => heard.push(`${topic} ${payload.toString()}${retain ? " kept" : ""}`));
	await new Promise<void>((resolve) => client.once("connect", () => resolve()));
	return { client, heard };
}

withMosquitto("chosen topics go both ways, below a prefix, and retained stays retained", async () => {
	const [here, there] = [await outside(), await outside()];
	const broker = await ourBroker(here.url);
	broker.publish({ topic: "udt/line-1/before", payload: Buffer.from("0"), retain: true });
	const bridge = await bridgeTo(there.url, {
		broker,
		out: [{ filter: "udt/line-1/#", prefix: "plant-a/", qos: 1 }],
		in: [{ filter: "orders/#", prefix: "from-above/", qos: 1 }],
	});
	const far = await clientAt(there.url);
	const near = await clientAt(here.url);
	await far.client.subscribeAsync("plant-a/#", { qos: 1 });
	await near.client.subscribeAsync("from-above/#", { qos: 1 });
	await until(() => far.heard.length === 1);
	broker.publish({ topic: "udt/line-1/x", payload: Buffer.from("1"), retain: true });
	broker.publish({ topic: "udt/line-2/x", payload: Buffer.from("no") });
	broker.publish({ topic: "udt/line-1/y", payload: Buffer.from("2") });
	await near.client.publishAsync("udt/line-1/z", "3", { qos: 1 });
	await far.client.publishAsync("orders/7", "go", { qos: 1, retain: true });

	await until(() => far.heard.length === 4 && near.heard.length === 1);
	expect(far.heard.sort()).toEqual([
		"plant-a/udt/line-1/before 0 kept",
		"plant-a/udt/line-1/x 1",
		"plant-a/udt/line-1/y 2",
		"plant-a/udt/line-1/z 3",
	]);
	expect(near.heard).toEqual(["from-above/orders/7 go"]);
	const late = await clientAt(there.url);
	await late.client.subscribeAsync("plant-a/#");
	await until(() => late.heard.length === 2);
	expect(late.heard.sort()).toEqual(["plant-a/udt/line-1/before 0 kept", "plant-a/udt/line-1/x 1 kept"]);
	expect(broker.retained("from-above/#", 10).map(({ topic }) => topic)).toEqual(["from-above/orders/7"]);
	await until(() => bridge.status().waiting === 0);
	expect(bridge.status()).toMatchObject({ state: "connected", forwardedOut: 4, forwardedIn: 1, dropped: 0, loops: 0 });
});

withMosquitto("what comes over one bridge does not come back over another", async () => {
	const [here, there] = [await outside(), await outside()];
	const [ours, theirs] = [await ourBroker(here.url), await ourBroker(there.url, "theirs")];
	// Two plants that both bridge everything to each other.
	const all = { out: [{ filter: "a/#", qos: 1 as const }], in: [{ filter: "a/#", qos: 1 as const }] };
	const first = await bridgeTo(there.url, { broker: ours, marker: "first", ...all });
	const second = await bridgeTo(here.url, { broker: theirs, marker: "second", ...all });
	const near = await clientAt(here.url);
	const far = await clientAt(there.url);
	for (const { client } of [near, far]) await client.subscribeAsync("a/#", { qos: 1 });
	ours.publish({ topic: "a/x", payload: Buffer.from("1"), qos: 1 });
	await near.client.publishAsync("a/y", "2", { qos: 1 });
	const silence = async (): Promise<void> => {
		await until(() => first.status().waiting + second.status().waiting === 0);
		await far.client.publishAsync("end", "", { qos: 1 });
	};
	await until(() => far.heard.filter((one) => one.startsWith("a/y")).length >= 2 && near.heard.length >= 2);
	for (let i = 0; i < 5; i++) await silence();
	// Each plant tells the other once: at most one copy over each bridge, and then it ends.
	expect(far.heard.filter((one) => one.startsWith("a/y")).length).toBe(2);
	expect(first.status().loops + second.status().loops).toBeGreaterThan(0);
});

withMosquitto("a message that carries the bridge's own mark is stopped", async () => {
	const [here, there] = [await outside(), await outside()];
	const broker = await ourBroker(here.url);
	const bridge = await bridgeTo(there.url, { broker, in: [{ filter: "a/#", qos: 1 }] });
	const far = await clientAt(there.url);
	await far.client.publishAsync("a/x", "1", { qos: 1, properties: { userProperties: { [hopProperty]: ["other", "plant/up"] } } });
	await far.client.publishAsync("a/x", "2", { qos: 1, properties: { userProperties: { [hopProperty]: "other" } } });
	await until(() => bridge.status().forwardedIn === 1);
	expect(bridge.status().loops).toBe(1);
});

withMosquitto("a cut loses nothing of QoS 1 within its bounds, and what is dropped beyond them is counted", async () => {
	const [here, there] = [await outside(), await outside()];
	const broker = await ourBroker(here.url);
	const bridge = await bridgeTo(there.url, {
		broker,
		out: [{ filter: "q/#", qos: 1 }],
		outside: { url: there.url, clientId: "cut", queue: { messages: 1000, bytes: 1_000_000 } },
	});
	await there.kill();
	await until(() => bridge.status().state === "away");
	for (let i = 0; i < 1200; i++) broker.publish({ topic: "q/x", payload: Buffer.from(String(i)), qos: 1 });
	expect(bridge.status()).toMatchObject({ state: "away", waiting: 1000, dropped: 200 });
	expect(bridge.part.health?.()).toMatchObject({ state: "degraded", reason: expect.stringContaining("200 were dropped") });
	await there.start();
	await until(() => bridge.status().state === "connected" && bridge.status().waiting === 0);
	expect(bridge.status()).toMatchObject({ forwardedOut: 1000, dropped: 200 });
});

withMosquitto("what comes in passes the gate, and what it refuses is not published", async () => {
	const [here, there] = [await outside(), await outside()];
	const broker = await ourBroker(here.url);
	const asked: string[] = [];
	const bridge = await bridgeTo(there.url, {
		broker,
		in: [{ filter: "udt/#", qos: 1 }],
		judge({ topic, client }) {
			asked.push(`${topic} ${client.id}`);
			return topic.endsWith("bad") ? { refuse: 0x99 } : { retain: true };
		},
	});
	const near = await clientAt(here.url);
	await near.client.subscribeAsync("udt/#", { qos: 1 });
	const far = await clientAt(there.url);
	await far.client.publishAsync("udt/a/bad", "1", { qos: 1 });
	await far.client.publishAsync("udt/a/good", "2", { qos: 1 });
	await until(() => near.heard.length === 1);
	expect(near.heard).toEqual(["udt/a/good 2"]);
	expect(asked).toEqual(["udt/a/bad bridge:up", "udt/a/good bridge:up"]);
	expect(bridge.status()).toMatchObject({ forwardedIn: 1, refused: 1 });
});
