import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../kit/platform.ts";
import { admit, type Centre, startCentre, stored, valuesOf } from "./kit.ts";
import { batchOf, openWire } from "./wire.ts";

let centre: Centre;
let wire: Awaited<ReturnType<typeof openWire>>;
let key: string;
let otherKey: string;
const tag = "plant/line-1/press/a";
const live = (first: number, count = 10, after = first - 1) => ({ lane: "live" as const, after, bytes: batchOf(first, count) });
const gateway = async () => (await centre.session.namespace.gateway({ gateway: "gate-1" })).gateway;
const refusals = (holds: (now: Awaited<ReturnType<typeof gateway>>["refusals"]) => boolean, what: string) =>
	until(async () => (await gateway()).refusals, holds, { what, withinMs: 10_000 });
const countingTo = (count: number) => Array.from({ length: count }, (_, at) => at);

beforeAll(async () => {
	centre = await startCentre();
	key = await admit(centre);
	otherKey = await admit(centre, "gate-2", ["other"]);
	wire = await openWire({ port: centre.mqttPort, key });
	await wire.tags();
	await wire.state({ hello: true });
	await until(
		async () => wire.receipts,
		(all) => all.some(({ receipt }) => receipt.hello && receipt.dictionary === 7),
		{ what: "the greeting" },
	);
	await wire.batches([live(0, 10, -1)]);
	await stored(centre, 10);
});
afterAll(async () => {
	await wire?.close();
	await centre?.end();
});

test("a batch sent again, and a recorded message sent again, are counted duplicates", async () => {
	const before = (await gateway()).refusals.duplicate;
	const recorded = wire.sign([live(0, 10, -1)]);
	await wire.publish(wire.topics.batch, recorded);
	await wire.publish(wire.topics.batch, recorded);
	await refusals(({ duplicate }) => duplicate === before + 20, "20 duplicates");
	expect(await valuesOf(centre, tag)).toEqual(countingTo(10));
});

test("another batch with known numbers is a duplicate and overwrites nothing", async () => {
	const before = (await gateway()).refusals.duplicate;
	await wire.batches([{ lane: "live", after: -1, bytes: batchOf(0, 10, { plus: 500 }) }]);
	await refusals(({ duplicate }) => duplicate === before + 10, "10 duplicates");
	expect(await valuesOf(centre, tag)).toEqual(countingTo(10));
});

test("a batch that overlaps what is known gives only its new rows", async () => {
	await wire.batches([{ lane: "live", after: 4, bytes: batchOf(5, 10) }]);
	await stored(centre, 15);
	expect(await valuesOf(centre, tag)).toEqual(countingTo(15));
});

test("messages with flipped bits, cut short, signed with another key or for another gateway are refused, kept as dead letters and never stored", async () => {
	const good = wire.sign([live(15)]);
	const before = (await gateway()).refusals;
	for (const at of [5, 30, 60, good.length - 1]) {
		const flipped = Uint8Array.from(good);
		flipped[at] = (flipped[at] as number) ^ 4;
		await wire.publish(wire.topics.batch, flipped);
	}
	await wire.publish(wire.topics.batch, good.slice(0, good.length - 7));
	await wire.publish(wire.topics.batch, wire.sign([live(15)], { key: otherKey }));
	await wire.publish(wire.topics.batch, wire.sign([live(15)], { key: otherKey, gateway: "gate-2" }));
	await wire.publish(wire.topics.batch, Buffer.from("hello"));
	await wire.publish(wire.topics.state, good);
	await refusals(({ forged, malformed }) => forged + malformed === before.forged + before.malformed + 9, "9 refusals");
	const { letters } = await centre.session.namespace.deadLetters({});
	expect(new Set(letters.map(({ code }) => code))).toEqual(
		new Set([
			"namespace.gateway-signature",
			"namespace.gateway-key",
			"namespace.gateway-foreign",
			"namespace.gateway-topic",
			"core.envelope-invalid",
		]),
	);
	expect(await valuesOf(centre, tag)).toEqual(countingTo(15));
});

test("a batch with a tag that the dictionary does not hold is refused whole", async () => {
	const before = (await gateway()).refusals.unknownTags;
	await wire.batches([{ lane: "live", after: 14, bytes: batchOf(15, 10, { tag: 99 }) }]);
	await refusals(({ unknownTags }) => unknownTags === before + 1, "one refusal");
	expect(await valuesOf(centre, tag)).toEqual(countingTo(15));
});

test("batches that overtake each other on the way are put in order again", async () => {
	await wire.batches([live(25)]);
	await wire.batches([live(35)]);
	await wire.batches([live(15)]);
	await stored(centre, 45);
	expect(await valuesOf(centre, tag)).toEqual(countingTo(45));
	const series = await centre.session.history.raw({ tag, from: 0, until: Date.now() + 1e10, limit: 1000 });
	expect([...series.times]).toEqual([...series.times].sort((a, b) => a - b));
});

test("what is missing is asked for again, and what is gone for good is told as never to come", async () => {
	await wire.batches([live(55, 10, 44)]);
	for (let beat = 0; beat < 2; beat++)
		await wire.state({ connections: { press: { mode: "raw", priority: 5, through: 64, backlogRows: 0, owed: [] } } });
	const heard = wire.receipts.length;
	const asking = setInterval(
		() => void wire.state({ connections: { press: { mode: "raw", priority: 5, through: 64, backlogRows: 0, owed: [] } } }),
		500,
	);
	await until(
		async () => wire.receipts.slice(heard).flatMap(({ receipt }) => receipt.again.press ?? []),
		(again) => again.some(([first, last]) => first === 45 && last === 54),
		{ what: "the question", withinMs: 15_000 },
	);
	clearInterval(asking);
	expect((await gateway()).connections.find(({ connection }) => connection === "press")?.gaps).toEqual([{ first: 45, last: 54 }]);
	const { encodeBatch, SampleBatchBuilder } = await import("@millwright/core");
	const nothing = encodeBatch(new SampleBatchBuilder(1).take({ connection: "press", first: 45, last: 54, historical: true }));
	await wire.batches([{ lane: "backlog", after: -1, bytes: nothing }]);
	await stored(centre, 65);
	expect((await gateway()).connections.find(({ connection }) => connection === "press")).toMatchObject({
		missing: 0,
		storedThrough: 64,
	});
	expect(await valuesOf(centre, tag)).toHaveLength(55);
});

test("a gateway owns no tag outside its places and none of another's; the rest of its batch is taken", async () => {
	await wire.tags([tag, "elsewhere/press/a", "plant/line-1/press/b"], { dictionary: 8 });
	const { encodeBatch, SampleBatchBuilder } = await import("@millwright/core");
	const builder = new SampleBatchBuilder(3);
	for (const id of [1, 2, 3]) builder.add(id, 1_795_000_001_000_000_000n, 65, 0);
	const bytes = encodeBatch(builder.take({ connection: "press", first: 65 }));
	await wire.batches([{ lane: "live", after: 64, bytes }], { dictionary: 8 });
	await stored(centre, 68);
	expect((await centre.session.namespace.gateway({ gateway: "gate-1" })).refused).toEqual([
		{ tag: "elsewhere/press/a", reason: "it lies outside the places this gateway was admitted for" },
	]);
	expect(await valuesOf(centre, "plant/line-1/press/b")).toEqual([65]);
	expect((await gateway()).refusals.foreignTags).toBe(1);
	await expect(valuesOf(centre, "elsewhere/press/a")).rejects.toMatchObject({ code: "history.tag-unknown" });
});

test("an old state or dictionary played back changes nothing", async () => {
	const before = (await gateway()).refusals.replayed;
	await wire.state({ version: "old" }, { counter: 1 });
	await wire.tags([tag], { counter: 1 });
	await wire.state({ version: "older" }, { epoch: 5, counter: 10_000 });
	await refusals(({ replayed }) => replayed === before + 3, "three refusals");
	expect(await gateway()).toMatchObject({ version: "test", tags: 2 });
});

test("a clock that is an hour off is told as skew, and the samples keep their own time", async () => {
	const beating = setInterval(() => void wire.state({}, { sentAtMs: Date.now() + 3_600_000 }), 200);
	await until(gateway, ({ skewed, offsetMs }) => skewed && Math.abs((offsetMs ?? 0) - 3_600_000) < 2000, { what: "skew" });
	clearInterval(beating);
	const health = await (
		await fetch(`${centre.session.url}/api/platform/health`, { headers: { cookie: centre.session.cookie } })
	).json();
	expect((health as { parts: unknown[] }).parts).toContainEqual(expect.objectContaining({ name: "gateways", state: "degraded" }));
	const right = setInterval(() => void wire.state(), 200);
	await until(gateway, ({ skewed }) => !skewed, { what: "the clock right again" });
	clearInterval(right);
});

test("a new key opens beside the old one for a while, and a revoked gateway is out at once", async () => {
	const rotated = await centre.session.namespace.rotateGatewayKey({ gateway: "gate-1", oldKeyForMinutes: 10 });
	await wire.batches([{ lane: "live", after: 67, bytes: batchOf(68, 2) }], { dictionary: 8 });
	await wire.batches([{ lane: "live", after: 69, bytes: batchOf(70, 2) }], { dictionary: 8, key: rotated.key });
	await stored(centre, 72);
	await centre.session.namespace.revokeGateway({ gateway: "gate-1" });
	await until(
		async () => wire.isOpen,
		(isOpen) => !isOpen,
		{ what: "the line cut" },
	);
	await expect(openWire({ port: centre.mqttPort, key: rotated.key })).rejects.toThrow();
	expect(await gateway()).toMatchObject({ state: "revoked", keys: [] });
});
