import { Quality, SampleBatchBuilder } from "@millwright/core";
import { samples } from "@millwright/sense/api";
import { expect, test } from "vitest";
import { namespaceForTest } from "./testing/namespace-for-test.ts";

const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
const page = { limit: 500, offset: 0 };

const document = (
	over: { value?: unknown; unit?: string; at?: string; quality?: string; reason?: string; historical?: true } = {},
) => ({
	timestamp: over.at ?? "2026-04-17T14:31:59.456123789Z",
	...(over.historical ? { historical: true } : {}),
	source: { device_id: "RTU-001" },
	measurement: {
		name: "temperature",
		value: over.value ?? 20,
		...(over.unit === undefined ? {} : { unit: over.unit }),
		quality: over.quality ?? "Good",
		...(over.reason === undefined ? {} : { reason: over.reason }),
	},
});

test("a stranger's document below the root becomes a sample with its own time, quality and a retained topic", async () => {
	const { fromClient, ingested, directory } = await namespaceForTest();
	expect(
		fromClient("udt/yard/tank-1/temperature", document({ value: 21.5, quality: "Uncertain", reason: "stale" })),
	).toMatchObject({
		retain: true,
	});
	await settle();
	expect(ingested).toEqual([
		{
			tag: directory.idOf("yard/tank-1/temperature"),
			time: BigInt(Date.UTC(2026, 3, 17, 14, 31, 59)) * 1_000_000n + 456_123_789n,
			value: 21.5,
			quality: Quality.uncertainStale,
			historical: false,
		},
	]);
});

test("topics outside the root pass; nobody forges dead letters", async () => {
	const { fromClient } = await namespaceForTest();
	expect(fromClient("elsewhere/x", "anything")).toBe("accept");
	expect(fromClient("udtx/a", "anything")).toBe("accept");
	expect(fromClient("udt-dead-letter/udt/a", "anything")).toMatchObject({ refuse: 0x87 });
});

test("a document older than the last one passes by without being retained", async () => {
	const { fromClient, ingested } = await namespaceForTest();
	fromClient("udt/a/b", document({ at: "2026-04-17T14:31:59Z" }));
	expect(fromClient("udt/a/b", document({ at: "2026-04-17T14:31:58Z", historical: true }))).toMatchObject({ retain: false });
	await settle();
	expect(ingested.map(({ historical }) => historical)).toEqual([false, true]);
});

test("a document that comes again is stored once; another time, value or topic makes another one, whatever the number", async () => {
	const { fromClient, ingested } = await namespaceForTest();
	const documents: [topic: string, document: object][] = [
		["udt/a/b", { ...document({ value: 1 }), seq: 7 }],
		["udt/a/b", { ...document({ value: 2 }), seq: 7 }],
		["udt/a/b", { ...document({ value: 1, at: "2026-04-17T15:00:00Z" }), seq: 7 }],
		["udt/a/b", { ...document({ value: 1 }), seq: 8 }],
		["udt/a/c", document({ value: 1 })],
		["udt/a/d", document({ value: "x".repeat(1000) })],
	];
	const publish = async () => {
		for (const [topic, one] of documents) expect(fromClient(topic, one)).toHaveProperty("retain");
		await settle();
	};
	await publish();
	expect(ingested.length).toBe(documents.length);
	await publish();
	expect(ingested.length).toBe(documents.length);
});

test("a value in another unit of the same kind is converted to the tag's own; another kind is refused", async () => {
	const { fromClient, ingested, broken } = await namespaceForTest();
	fromClient("udt/a/b", document({ value: 20, unit: "Celsius" }));
	fromClient("udt/a/b", document({ value: 68, unit: "Fahrenheit" }));
	expect(fromClient("udt/a/b", document({ value: 3, unit: "bar" }))).toMatchObject({ refuse: 0x99 });
	await settle();
	expect(ingested.map(({ value }) => Math.round((value as number) * 1000) / 1000)).toEqual([20, 20]);
	expect(broken).toMatchObject([{ code: "namespace.unit-mismatch" }]);
});

test("a topic that a connection owns cannot be overwritten", async () => {
	const { fromClient, send, ingested, broken } = await namespaceForTest({ facts: { "cnc-1/load": { connection: "cnc" } } });
	send([
		{ tag: "cnc-1/load", value: 1 },
		{ tag: "cnc-1/derived", value: 1 },
	]);
	expect(fromClient("udt/cnc-1/load", document())).toMatchObject({ refuse: 0x87 });
	expect(fromClient("udt/cnc-1/derived", document())).toMatchObject({ refuse: 0x87 });
	expect(fromClient("udt/cnc-1/load", Buffer.alloc(0), { retain: true })).toMatchObject({ refuse: 0x87 });
	await settle();
	expect(ingested).toEqual([]);
	expect(broken.map(({ code }) => code)).toEqual(Array(3).fill("namespace.topic-owned"));
});

test.each([
	["no JSON", Buffer.from("21.5 °C"), "namespace.payload-not-json", 0x99],
	["another shape", { value: 3 }, "namespace.payload-invalid", 0x99],
	["nothing", Buffer.alloc(0), "namespace.payload-invalid", 0x99],
	["too much", Buffer.alloc(70_000, "x"), "namespace.payload-too-large", 0x99],
	["a clock days ahead", document({ at: "2026-04-20T00:00:00Z" }), "namespace.time-implausible", 0x99],
])("%s goes to the dead letters with the reason", async (_what, payload, code, refuse) => {
	const { fromClient, broken, broker, service, ingested } = await namespaceForTest();
	expect(fromClient("udt/a/b", payload)).toMatchObject({ refuse });
	await settle();
	expect(ingested).toEqual([]);
	expect(broken).toMatchObject([{ code, topic: "udt/a/b", client: "gateway-7", principal: "key_7" }]);
	const published = broker.published.find(({ topic }) => topic === "udt-dead-letter/udt/a/b");
	expect(published?.properties?.userProperties).toMatchObject({ code, client: "gateway-7" });
	const made = published?.payload as () => Uint8Array;
	expect(JSON.parse(Buffer.from(made()).toString())).toEqual(broken[0]);
	expect((await service.deadLetters(page)).letters).toEqual(broken);
	expect(broken[0]?.payload.length).toBeLessThanOrEqual(2000);
});

test("a topic outside the grammar is refused", async () => {
	const { fromClient, broken } = await namespaceForTest();
	expect(fromClient("udt/Line 1/Temp", document())).toMatchObject({ refuse: 0x90 });
	expect(fromClient("udt/temperature", document())).toMatchObject({ refuse: 0x90 });
	expect(broken.map(({ code }) => code)).toEqual(["namespace.topic-invalid", "namespace.topic-invalid"]);
});

test("dead letters are bounded, newest first, and a flood does not flood the events", async () => {
	const { fromClient, service, broken, part } = await namespaceForTest({ settings: { deadLetters: { keep: 10 } } });
	for (let i = 0; i < 100; i++) fromClient("udt/a/b", { number: i });
	const { letters, total } = await service.deadLetters({ limit: 3, offset: 1 });
	expect(total).toBe(10);
	expect(letters.map(({ id }) => id)).toEqual([99, 98, 97]);
	expect(broken.length).toBeLessThan(100);
	expect(part.figures?.().find(({ name }) => name.includes("dead_letters"))?.value).toBe(100);
});

test("the sample that comes back does not publish the client's message again, and the topic names the client", async () => {
	const { fromClient, ingested, bus, broker, service } = await namespaceForTest();
	fromClient("udt/a/b", document({ value: 21.5, unit: "Celsius" }));
	await settle();
	const row = ingested[0];
	if (row === undefined) throw new Error("nothing was taken in");
	const builder = new SampleBatchBuilder();
	builder.add(row.tag, row.time, row.value, row.quality);
	bus.send(samples, builder.take({ connection: "mqtt", first: 0 }));
	expect(broker.published).toEqual([]);
	expect(await service.topic({ tag: "a/b" })).toMatchObject({
		value: { value: 21.5, unit: "Cel", quality: "good" },
		source: { connection: "mqtt", external: true, client: "gateway-7" },
	});
	// A later one that no client of this process sent, after a restart, is published like any other.
	builder.add(row.tag, row.time + 1n, 22, row.quality);
	bus.send(samples, builder.take({ connection: "mqtt", first: 1 }));
	expect(JSON.parse(broker.text("udt/a/b") ?? "")).toMatchObject({ seq: 1, measurement: { value: 22, unit: "Cel" } });
});

test("clearing a topic of their own takes it out of the tree", async () => {
	const { fromClient, service } = await namespaceForTest();
	fromClient("udt/a/b", document());
	expect((await service.tree({ path: "", ...page })).total).toBe(1);
	expect(fromClient("udt/a/b", Buffer.alloc(0), { retain: true })).toMatchObject({ retain: true });
	expect((await service.tree({ path: "", ...page })).total).toBe(0);
});

test("the acknowledgement waits until the samples are durable; a failure is told, and what comes again is new", async () => {
	const ring: PromiseWithResolvers<void>[] = [];
	const { fromClient } = await namespaceForTest({
		ingest: () => {
			const write = Promise.withResolvers<void>();
			ring.push(write);
			return write.promise;
		},
	});
	const said = (value: number): Promise<void> | undefined => {
		const verdict = fromClient("udt/a/b", { ...document({ value }), seq: value });
		return typeof verdict === "object" && "retain" in verdict ? verdict.stored : undefined;
	};
	const states: string[] = [];
	const follow = (name: string, stored: Promise<void> | undefined) =>
		stored?.then(
			() => states.push(`${name} stored`),
			() => states.push(`${name} lost`),
		);
	void follow("first", said(1));
	void follow("repeated", said(1));
	await settle();
	expect([ring.length, states]).toEqual([1, []]);
	ring[0]?.resolve();
	await settle();
	expect(states).toEqual(["first stored", "repeated stored"]);
	void follow("second", said(2));
	await settle();
	ring[1]?.reject(new Error("the disk is full"));
	await settle();
	expect(states).toEqual(["first stored", "repeated stored", "second lost"]);
	void follow("again", said(2));
	await settle();
	expect(ring).toHaveLength(3);
	ring[2]?.resolve();
	await settle();
	expect(states.at(-1)).toBe("again stored");
});

const atMs = Date.UTC(2026, 3, 17, 14, 31, 59);
const iso = (ms: number): string => new Date(ms).toISOString();

test("what was stored before a crash and comes again is not stored twice; documents wait until that is known", async () => {
	const open = Promise.withResolvers<void>();
	const tag = 1;
	const { fromClient, ingested, directory, recall } = await namespaceForTest({
		remembered: {
			async recent(connection, rows, each) {
				expect([connection, rows]).toEqual(["mqtt", 500_000]);
				await open.promise;
				const builder = new SampleBatchBuilder();
				builder.add(tag, BigInt(atMs) * 1_000_000n, 20, Quality.good);
				builder.add(tag, BigInt(atMs + 1) * 1_000_000n, "RUN", Quality.good);
				each(builder.take({ connection: "mqtt", first: 0 }));
			},
		},
	});
	expect([...directory.assign(["a/b"])]).toEqual([tag]);
	const publish = (value: unknown, ms: number, seq: number) => {
		const verdict = fromClient("udt/a/b", { ...document({ value, at: iso(ms) }), seq });
		return verdict === "accept" || !("retain" in verdict)
			? Promise.reject(new Error("refused"))
			: Promise.resolve(verdict.stored);
	};
	let answered = 0;
	const early = [publish(20, atMs, 5), publish("RUN", atMs + 1, 6), publish(20, atMs + 1, 6), publish(21, atMs + 2, 7)];
	for (const one of early) void one.then(() => answered++);
	await settle();
	expect([answered, ingested.length]).toEqual([0, 0]);
	open.resolve();
	await recall();
	await Promise.all(early);
	expect(answered).toBe(4);
	await Promise.all([publish(20, atMs, 5), publish(22, atMs - 1, 4), publish(23, atMs + 3, 8)]);
	expect(ingested.map(({ value }) => value)).toEqual([20, 21, 22, 23]);
});

test("what a broker outside had kept is stored unless the history has it", async () => {
	const { fromClient, ingested, directory } = await namespaceForTest({
		remembered: {
			newest: async (tags) =>
				new Map(tags.map((id) => [id, { time: BigInt(atMs) * 1_000_000n, value: 20, quality: Quality.good as number }])),
		},
	});
	const kept = (topic: string, value: number) =>
		fromClient(topic, document({ value, at: iso(atMs) }), { isKept: true, retain: true }) as { stored: Promise<void> };
	await Promise.all([kept("udt/a/b", 20).stored, kept("udt/a/c", 21).stored]);
	expect(ingested.map(({ tag, value }) => [tag, value])).toEqual([[directory.idOf("a/c"), 21]]);
	await (fromClient("udt/a/d", document({ value: 20, at: iso(atMs) })) as { stored: Promise<void> }).stored;
	expect(ingested).toHaveLength(2);
});

test("documents that are never alike, and those that turn alike again, are all taken", async () => {
	const { fromClient, ingested } = await namespaceForTest();
	const publish = (i: number, device: string) =>
		fromClient("udt/a/b", { ...document({ value: i, at: iso(atMs + i) }), source: { device_id: device } });
	for (let i = 0; i < 200; i++) expect(publish(i, `device ${i}`)).toHaveProperty("retain", true);
	for (let i = 200; i < 400; i++) expect(publish(i, "device")).toHaveProperty("retain", true);
	await settle();
	expect(ingested.map(({ value }) => value)).toEqual(Array.from({ length: 400 }, (_, i) => i));
});
