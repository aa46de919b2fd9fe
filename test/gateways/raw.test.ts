import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../kit/platform.ts";
import { admit, type Centre, type Edge, ledgerOf, startCentre, startEdge, stored, valuesOf } from "./kit.ts";

let centre: Centre;
let edge: Edge;
let key: string;
const upwards = async () => edge.uplink.status().state;

beforeAll(async () => {
	centre = await startCentre();
	key = await admit(centre);
	edge = await startEdge({ folder: join(centre.folder, "edge"), key, url: `mqtt://127.0.0.1:${centre.mqttPort}` });
	await until(upwards, (state) => state === "connected", { what: "the line" });
});
afterAll(async () => {
	await edge?.end();
	await centre?.end();
});

test("what the edge reads stands in the centre's history, once, in order, and is confirmed to the edge only then", async () => {
	for (let at = 0; at < 50; at++) await edge.read([at, at * 10, at * 100]);
	await stored(centre, 150);
	expect(await valuesOf(centre, "plant/line-1/press/a")).toEqual(Array.from({ length: 50 }, (_, at) => at));
	await until(
		async () => edge.uplink.status().backlogRows,
		(rows) => rows === 0,
		{ what: "confirmed" },
	);
	const { gateways } = await centre.session.namespace.gateways({});
	expect(gateways[0]).toMatchObject({ gateway: "gate-1", state: "connected", tags: 3, refusedTags: 0, skewed: false });
	expect(gateways[0]?.refusals).toMatchObject({ forged: 0, malformed: 0, unknownTags: 0, foreignTags: 0 });
	expect(await ledgerOf(centre)).toMatchObject({ stored: 150 });
});

test("a topic that nobody hears holds the newest value whenever somebody asks, and a subscriber that comes hears each", async () => {
	const tag = "plant/line-1/press/b";
	const held = async () => ((await centre.session.namespace.topic({ tag })).payload.measurement as { value: number }).value;
	for (const value of [71, 72, 73]) {
		await edge.read([1, value, 1]);
		await until(held, (now) => now === value, { what: `${value} on the topic` });
	}
	const { secret } = await centre.session.access.addKey({ name: "reader", topics: { publish: [], subscribe: ["udt/#"] } });
	const { connectAsync } = await import("mqtt");
	const reader = await connectAsync(`mqtt://127.0.0.1:${centre.mqttPort}`, {
		protocolVersion: 5,
		username: "reader",
		password: secret,
	});
	const heard: number[] = [];
	reader.on("message", (_topic, bytes) =>
		heard.push((JSON.parse(bytes.toString()) as { measurement: { value: number } }).measurement.value),
	);
	await reader.subscribeAsync(`udt/${tag}`);
	await until(
		async () => heard.length,
		(count) => count === 1,
		{ what: "the retained value" },
	);
	await edge.read([1, 74, 1]);
	await edge.read([1, 75, 1]);
	await until(
		async () => heard.length,
		(count) => count === 3,
		{ what: "two more" },
	);
	expect(heard).toEqual([73, 74, 75]);
	await reader.endAsync();
	await edge.read([1, 76, 1]);
	await until(held, (now) => now === 76, { what: "76 on the topic" });
});

test("a centre that is killed in the middle loses nothing and stores nothing twice", async () => {
	await until(
		async () => edge.uplink.status().backlogRows,
		(rows) => rows === 0,
		{ what: "nothing under way" },
	);
	const before = (await ledgerOf(centre))?.stored ?? 0;
	let at = 0;
	for (; at < 200; at++) await edge.read([1000 + at, at, at]);
	await centre.kill();
	for (; at < 400; at++) await edge.read([1000 + at, at, at]);
	await centre.startAgain();
	for (; at < 500; at++) await edge.read([1000 + at, at, at]);
	await stored(centre, before + 1500);
	const values = (await valuesOf(centre, "plant/line-1/press/a")).filter((value) => (value as number) >= 1000);
	expect(values).toEqual(Array.from({ length: 500 }, (_, index) => 1000 + index));
});
