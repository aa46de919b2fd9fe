import { type Call, Quality, type Role, type SampleBatch } from "@millwright/core";
import { settingsChanged } from "@millwright/sense/api";
import { expect, test } from "vitest";
import { namespaceApi } from "./api.ts";
import { namespaceForTest } from "./testing/namespace-for-test.ts";

const as = (...roles: Role[]): Call => ({ principal: { id: "user_1", name: "P", kind: "person", roles } });
const page = { limit: 500, offset: 0 };

test("a sample stands on its topic as the sources' document, retained", async () => {
	const { send, broker, clock } = await namespaceForTest({
		facts: {
			"plant/line-3/reactor-7/temperature": {
				device: "RTU-001",
				protocol: "modbus-rtu",
				unitId: 1,
				unit: "Cel",
				range: { min: 0, max: 150 },
				context: { setpoint: "setpoint", mode: "mode", alarm: "plant/line-3/alarm" },
			},
		},
	});
	send([
		{ tag: "plant/line-3/reactor-7/setpoint", value: 87.5 },
		{ tag: "plant/line-3/reactor-7/mode", value: "pid_active" },
		{ tag: "plant/line-3/alarm", value: "none" },
		{ tag: "plant/line-3/reactor-7/temperature", value: 87.27 },
	]);
	expect(JSON.parse(broker.text("udt/plant/line-3/reactor-7/temperature") ?? "")).toEqual({
		timestamp: new Date(clock.nowMs()).toISOString(),
		seq: 3,
		source: { device_id: "RTU-001", location: "plant/line-3/reactor-7", protocol: "modbus-rtu", unit_id: 1 },
		measurement: { name: "temperature", value: 87.27, unit: "Cel", range: [0, 150], quality: "Good" },
		context: { setpoint: 87.5, control_mode: "pid_active", alarm_status: "none" },
	});
});

test("a setpoint that changes in the same batch already stands in the payload, whatever the order of the rows", async () => {
	const { send, broker } = await namespaceForTest({ facts: { "oven/temperature": { context: { setpoint: "setpoint" } } } });
	send([
		{ tag: "oven/temperature", value: 1 },
		{ tag: "oven/setpoint", value: 180 },
	]);
	broker.text("udt/oven/temperature");
	send([
		{ tag: "oven/temperature", value: 2 },
		{ tag: "oven/setpoint", value: 190 },
	]);
	const made = broker.published.filter(({ topic }) => topic.endsWith("temperature")).at(-1)?.payload as () => Uint8Array;
	expect(JSON.parse(Buffer.from(made()).toString())).toMatchObject({ measurement: { value: 2 }, context: { setpoint: 190 } });
});

test("nothing is serialised until somebody asks", async () => {
	const { send, broker } = await namespaceForTest();
	send([{ tag: "a/b", value: 1 }]);
	expect(typeof broker.published[0]?.payload).toBe("function");
});

test("an older sample is published without replacing what the topic holds", async () => {
	const { send, broker, clock } = await namespaceForTest();
	const nowMs = clock.nowMs();
	send([{ tag: "a/b", value: 2, atMs: nowMs }]);
	send([{ tag: "a/b", value: 1, atMs: nowMs - 60_000 }], { historical: true });
	expect(broker.published.map(({ retain }) => retain ?? false)).toEqual([true, false]);
	const late = broker.published[1]?.payload as () => Uint8Array;
	expect(JSON.parse(Buffer.from(late()).toString())).toMatchObject({
		timestamp: new Date(nowMs - 60_000).toISOString(),
		seq: 1,
		historical: true,
		measurement: { value: 1 },
	});
	expect(JSON.parse(broker.text("udt/a/b") ?? "")).toMatchObject({ seq: 0, measurement: { value: 2 } });
});

test("texts, booleans, missing values and bad quality are told as they are", async () => {
	const { send, broker } = await namespaceForTest({ facts: { "a/on": { kind: "boolean" } } });
	send([
		{ tag: "a/on", value: true },
		{ tag: "a/word", value: 'say "hi"' },
		{ tag: "a/big", value: 2n ** 63n },
		{ tag: "a/gone", value: null, quality: Quality.badStale },
	]);
	const measurement = (tag: string) => (JSON.parse(broker.text(`udt/a/${tag}`) ?? "") as { measurement: unknown }).measurement;
	expect(measurement("on")).toMatchObject({ value: true });
	expect(measurement("word")).toMatchObject({ value: 'say "hi"' });
	expect(measurement("big")).toMatchObject({ value: "9223372036854775808" });
	expect(measurement("gone")).toMatchObject({ value: null, quality: "Bad", reason: "stale" });
});

test("the tree counts tags and what is abnormal below each level, and follows as tags turn", async () => {
	const { send, service } = await namespaceForTest();
	send([
		{ tag: "plant/line-1/cnc-1/load", value: 1 },
		{ tag: "plant/line-1/cnc-1/speed", value: 2, quality: Quality.badNotConnected },
		{ tag: "plant/line-2/robot/load", value: 3, quality: Quality.uncertainRange },
	]);
	expect(await service.tree({ path: "", ...page })).toMatchObject({
		root: "udt",
		nodes: [{ name: "plant", path: "plant", children: 2, tags: 3, abnormal: 2 }],
		total: 1,
	});
	send([{ tag: "plant/line-1/cnc-1/speed", value: 2 }]);
	const lines = await service.tree({ path: "plant", ...page });
	expect(lines.nodes).toMatchObject([
		{ name: "line-1", tags: 2, abnormal: 0 },
		{ name: "line-2", tags: 1, abnormal: 1 },
	]);
	const machine = await service.tree({ path: "plant/line-1/cnc-1", ...page });
	expect(machine.nodes.map(({ name, tag }) => [name, tag?.value, tag?.quality])).toEqual([
		["load", 1, "good"],
		["speed", 2, "good"],
	]);
	await expect(service.tree({ path: "nowhere", ...page })).rejects.toMatchObject({ code: "namespace.path-unknown" });
});

test("a level is given page by page", async () => {
	const { send, service } = await namespaceForTest();
	send(["c", "a", "b"].map((tag) => ({ tag: `m/${tag}`, value: 1 })));
	expect(await service.tree({ path: "m", limit: 2, offset: 1 })).toMatchObject({
		nodes: [{ name: "b" }, { name: "c" }],
		total: 3,
	});
});

test("search finds the tags whose name holds every word", async () => {
	const { send, service } = await namespaceForTest();
	send(["line-1/cnc-1/spindle-load", "line-1/cnc-2/spindle-speed", "line-2/cnc-1/coolant"].map((tag) => ({ tag, value: 1 })));
	expect((await service.search({ words: "CNC-1  spindle", ...page })).tags.map(({ tag }) => tag)).toEqual([
		"line-1/cnc-1/spindle-load",
	]);
	expect(await service.search({ words: "cnc", limit: 1, offset: 1 })).toMatchObject({
		total: 3,
		tags: [{ tag: "line-1/cnc-2/spindle-speed" }],
	});
});

test("what a person may not see is not in the tree, not in its counts, not found and has no topic", async () => {
	const { send, service } = await namespaceForTest({ classes: { "m/secret": "restricted", "hidden/x": "confidential" } });
	send([
		{ tag: "m/open", value: 1 },
		{ tag: "m/secret", value: 2, quality: Quality.bad },
		{ tag: "hidden/x", value: 3 },
	]);
	const operator = as("operator");
	expect((await service.tree({ path: "", ...page }, operator)).nodes).toMatchObject([
		{ name: "m", tags: 1, abnormal: 0, children: 1 },
	]);
	expect((await service.tree({ path: "m", ...page }, operator)).nodes.map(({ name }) => name)).toEqual(["open"]);
	await expect(service.tree({ path: "hidden", ...page }, operator)).rejects.toMatchObject({ code: "namespace.path-unknown" });
	expect((await service.search({ words: "e", ...page }, operator)).tags.map(({ tag }) => tag)).toEqual(["m/open"]);
	await expect(service.topic({ tag: "m/secret" }, operator)).rejects.toMatchObject({ code: "namespace.tag-unknown" });
	expect((await service.topic({ tag: "m/secret" }, as("engineer"))).value.value).toBe(2);
});

test("a topic tells its payload, its pace in the last full minute and its connection", async () => {
	const { send, service, clock } = await namespaceForTest();
	for (let i = 0; i < 5; i++) send([{ tag: "a/b", value: i }]);
	await clock.advance(60_000);
	send([{ tag: "a/b", value: 9 }]);
	const topic = await service.topic({ tag: "a/b" });
	expect(topic).toMatchObject({
		value: { tag: "a/b", topic: "udt/a/b", value: 9, at: clock.nowMs(), sequence: 5, quality: "good" },
		payload: { measurement: { value: 9 } },
		perMinute: 5,
		source: { connection: "cnc", external: false },
	});
	expect(topic.bytes).toBe(JSON.stringify(topic.payload).length);
	await clock.advance(120_000);
	expect((await service.topic({ tag: "a/b" })).perMinute).toBe(0);
});

test("derived samples carry the number of the batch they come from", async () => {
	const { accept, directory, service } = await namespaceForTest();
	const [id] = directory.assign(["a/derived"]);
	const batch: SampleBatch = {
		connection: "twin:cnc",
		first: 100,
		last: 163,
		historical: false,
		readAtMs: Number.NaN,
		length: 1,
		tags: Uint32Array.of(id as number),
		times: BigInt64Array.of(1_700_000_000_000_000_000n),
		values: Float64Array.of(1.5),
		quality: Uint8Array.of(0),
		texts: new Map(),
	};
	accept(batch);
	expect((await service.topic({ tag: "a/derived" })).value).toMatchObject({ sequence: 163, at: 1_700_000_000_000 });
});

test("a connection taken away takes its topics with it", async () => {
	const { send, bus, broker, service, facts } = await namespaceForTest({ facts: { "a/b": {}, "a/kept": {} } });
	send([
		{ tag: "a/b", value: 1 },
		{ tag: "a/kept", value: 2 },
	]);
	delete facts["a/b"];
	bus.emit(settingsChanged, { added: [], changed: ["cnc"], removed: [], at: 0 });
	expect(broker.text("udt/a/b")).toBeUndefined();
	expect((await service.tree({ path: "a", ...page })).nodes.map(({ name }) => name)).toEqual(["kept"]);
});

test("a new unit stands in the payload after the settings changed", async () => {
	const { send, bus, broker, facts } = await namespaceForTest({ facts: { "a/b": { unit: "bar" } } });
	send([{ tag: "a/b", value: 1 }]);
	facts["a/b"] = { unit: "kPa" };
	bus.emit(settingsChanged, { added: [], changed: ["cnc"], removed: [], at: 0 });
	send([{ tag: "a/b", value: 100 }]);
	expect(JSON.parse(broker.text("udt/a/b") ?? "")).toMatchObject({ measurement: { value: 100, unit: "kPa" } });
});

test("a renamed root moves every topic", async () => {
	const { send, broker, use } = await namespaceForTest();
	send([{ tag: "a/b", value: 1 }]);
	use({ root: "works" });
	send([{ tag: "a/c", value: 2 }]);
	expect(broker.text("udt/a/b")).toBeUndefined();
	expect(JSON.parse(broker.text("works/a/b") ?? "")).toMatchObject({ measurement: { value: 1 } });
	expect(JSON.parse(broker.text("works/a/c") ?? "")).toMatchObject({ measurement: { value: 2 } });
});

test("who talks to whom is told, the latest seen first, to those who may know", async () => {
	const { service, broker } = await namespaceForTest();
	const talk = (client: string, lastSeenMs: number) => ({
		client,
		principal: "key_1",
		connected: true,
		firstSeenMs: 1,
		lastSeenMs,
		publishes: [{ filter: "udt/line-1/+/temperature", messages: 7, bytes: 70, lastMs: 5 }],
		subscribes: [{ filter: "orders/#", qos: 2 as const, group: "workers", lastMs: 4 }],
	});
	Object.assign(broker, { conversations: () => [talk("old", 10), talk("new", 20)] });
	const { conversations, total } = await service.conversations({ limit: 1, offset: 0 }, as("engineer"));
	expect(total).toBe(2);
	expect(conversations).toEqual([
		{
			client: "new",
			principal: "key_1",
			connected: true,
			firstSeen: 1,
			lastSeen: 20,
			publishes: [{ filter: "udt/line-1/+/temperature", messages: 7, bytes: 70, last: 5 }],
			subscribes: [{ filter: "orders/#", qos: 2, group: "workers", last: 4 }],
		},
	]);
	expect(namespaceApi.conversations.allow).toEqual(["engineer", "security", "administrator"]);
});
