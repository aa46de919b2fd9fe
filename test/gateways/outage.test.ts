import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../kit/platform.ts";
import { admit, type Centre, type Edge, ledgerOf, startCentre, startEdge, stored, valuesOf } from "./kit.ts";

let centre: Centre;
let edge: Edge | undefined;
let cable: Awaited<ReturnType<typeof lay>> | undefined;
let gates = 0;

beforeAll(async () => {
	centre = await startCentre();
});
afterEach(async () => {
	await edge?.end();
	edge = undefined;
	await cable?.end();
	cable = undefined;
});
afterAll(async () => {
	await centre?.end();
});

/** A line that can be pulled out, and one that swallows everything without a word. */
async function lay(to: number) {
	const pairs = new Set<[Socket, Socket]>();
	let isMute = false;
	let isOut = false;
	const server: Server = createServer((near) => {
		if (isOut) {
			near.destroy();
			return;
		}
		const far = dial(to, "127.0.0.1");
		pairs.add([near, far]);
		for (const [one, other] of [
			[near, far],
			[far, near],
		] as const) {
			one.on("data", (bytes) => {
				if (!isMute) other.write(bytes);
			});
			one.on("error", () => {});
			one.on("close", () => other.destroy());
		}
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as { port: number }).port,
		pull(): void {
			isOut = true;
			for (const [near, far] of pairs) {
				near.destroy();
				far.destroy();
			}
			pairs.clear();
		},
		plug(): void {
			isOut = false;
			isMute = false;
		},
		mute(): void {
			isMute = true;
		},
		end: () =>
			new Promise<void>((resolve) => {
				for (const [near, far] of pairs) {
					near.destroy();
					far.destroy();
				}
				server.close(() => resolve());
			}),
	};
}

async function edgeOnCable(uplink: Record<string, unknown> = {}) {
	const gateway = `gate-${++gates}`;
	const path = `plant-${gates}`;
	const key = await admit(centre, gateway, [path]);
	cable = await lay(centre.mqttPort);
	edge = await startEdge({
		folder: join(centre.folder, gateway),
		key,
		gateway,
		url: `mqtt://127.0.0.1:${cable.port}`,
		uplink,
		tags: [`${path}/press/a`, `${path}/press/b`],
	});
	const one = edge;
	await until(
		async () => one.uplink.status().state,
		(state) => state === "connected",
		{ what: "the line" },
	);
	return { edge, cable, gateway, key, tag: `${path}/press/a`, connection: `${gateway}/press` };
}
const countingTo = (count: number) => Array.from({ length: count }, (_, at) => at);
const isDown = (one: Edge) =>
	until(
		async () => one.uplink.status().state,
		(state) => state !== "connected",
		{ what: "the line down" },
	);

test("an outage loses nothing, stores nothing twice, and its samples come historical and in order of time", async () => {
	const { edge, cable, tag, connection } = await edgeOnCable();
	for (let at = 0; at < 100; at++) await edge.read([at, at]);
	cable.pull();
	for (let at = 100; at < 300; at++) await edge.read([at, at]);
	await isDown(edge);
	expect(edge.uplink.status().backlogRows).toBeGreaterThanOrEqual(400);
	cable.plug();
	for (let at = 300; at < 400; at++) await edge.read([at, at]);
	await stored(centre, 800, connection);
	expect(await valuesOf(centre, tag)).toEqual(countingTo(400));
	expect(await ledgerOf(centre, connection)).toMatchObject({ sent: 800, stored: 800, buffered: 0 });
	await until(
		async () => edge.uplink.status().backlogRows,
		(rows) => rows === 0,
		{ what: "confirmed" },
	);
});

test("live samples do not wait behind a backlog that the budget lets up slowly", async () => {
	const { edge, cable, tag } = await edgeOnCable({ budget: 40_000 });
	cable.pull();
	await isDown(edge);
	// Some 800 kB: twenty seconds of the budget.
	const noise = (at: number) => Math.sin(at) * 1e6;
	for (let at = 0; at < 40; at++) await edge.read(Array.from({ length: 1000 }, (_, row) => noise(at * 1000 + row)));
	cable.plug();
	await until(
		async () => edge.uplink.status().state,
		(state) => state === "connected",
		{ what: "the line again" },
	);
	const began = Date.now();
	await edge.read([123_456_789, 1]);
	await until(
		() => centre.session.namespace.topic({ tag }),
		({ value }) => value.value === 123_456_789,
		{ what: "the live value at the centre", everyMs: 20 },
	);
	const waitedMs = Date.now() - began;
	const backlog = edge.uplink.status().backlogRows;
	expect(backlog, `the backlog is still under way after ${waitedMs} ms`).toBeGreaterThan(5000);
	expect(edge.uplink.status().bytesPerSecond).toBeLessThan(60_000);
	expect((await centre.session.namespace.topic({ tag })).value.value).toBe(123_456_789);
});

test("an edge whose numbers began anew is not taken for the one before it: nothing of it is dropped as known, and it says why", async () => {
	const { edge: first, gateway, tag, connection, key } = await edgeOnCable();
	for (let at = 0; at < 10; at++) await first.read([at, at]);
	await stored(centre, 20, connection);
	await first.end();
	const second = await startEdge({
		folder: join(centre.folder, `${gateway}-replaced`),
		key,
		gateway,
		url: `mqtt://127.0.0.1:${centre.mqttPort}`,
		tags: [tag, tag.replace(/a$/, "b")],
	});
	edge = second;
	await until(
		async () => second.uplink.part.health?.(),
		(health) => health?.state === "failing",
		{ what: "the contradiction" },
	);
	for (let at = 0; at < 3; at++) await second.read([at, at]);
	expect(second.uplink.part.health?.().reason).toContain("up to 19");
	expect(second.uplink.status().backlogRows).toBe(6);
	expect((await centre.session.namespace.gateway({ gateway })).gateway.refusals.duplicate).toBe(0);
	// It outgrows what the centre has: what is above goes up, what is below still says that it does not.
	for (let at = 0; at < 10; at++) await second.read([100 + at, at]);
	await stored(centre, 26, connection);
	expect(await valuesOf(centre, tag)).toEqual([...countingTo(10), 107, 108, 109]);
	expect(second.uplink.part.health?.().state).toBe("failing");
	expect(second.uplink.status().backlogRows).toBe(20);
});

test("a half-open line is noticed and made anew", async () => {
	const { edge, cable, connection } = await edgeOnCable({ silence: "3s" });
	await edge.read([1, 2]);
	await stored(centre, 2, connection);
	cable.mute();
	await edge.read([3, 4]);
	await isDown(edge);
	cable.plug();
	await edge.read([5, 6]);
	await stored(centre, 6, connection);
});

test("summaries go up instead of samples, and the samples come when they are asked for", async () => {
	const { edge, gateway, tag, connection } = await edgeOnCable({ mode: "summary", window: "1s" });
	const from = Math.floor(Date.now() / 1000) * 1000 - 60_000;
	for (let at = 0; at < 40; at++) await edge.read([at, -at], { atMs: from + at * 100 });
	await until(
		() => valuesOf(centre, `${tag}.mean`).catch(() => []),
		(values) => values.length === 4,
		{ what: "four windows", withinMs: 8000 },
	);
	expect(await valuesOf(centre, `${tag}.mean`)).toEqual([4.5, 14.5, 24.5, 34.5]);
	expect(await valuesOf(centre, `${tag}.min`)).toEqual([0, 10, 20, 30]);
	expect(await valuesOf(centre, `${tag}.max`)).toEqual([9, 19, 29, 39]);
	expect(await valuesOf(centre, `${tag}.count`)).toEqual([10, 10, 10, 10]);
	expect(await valuesOf(centre, `${tag}.last`)).toEqual([9, 19, 29, 39]);
	await until(
		async () => edge.uplink.status().backlogRows,
		(rows) => rows === 0,
		{ what: "confirmed by the summaries" },
	);
	expect(await valuesOf(centre, tag)).toEqual([]);
	const asked = await centre.session.namespace.askRaw({ gateway, tags: [tag], from: from + 1000, until: from + 3000 });
	expect(asked.connections).toEqual(["press"]);
	await until(
		() => valuesOf(centre, tag),
		(values) => values.length === 20,
		{ what: "what was asked for" },
	);
	expect(await valuesOf(centre, tag)).toEqual(countingTo(40).slice(10, 30));
	await until(
		async () => (await centre.session.namespace.gateway({ gateway })).asked[0],
		(one) => one?.state === "done",
		{ what: "done" },
	);
	// Asked once more, nothing is stored twice.
	await centre.session.namespace.askRaw({ gateway, connection: "press", from, until: from + 4000 });
	await until(
		() => valuesOf(centre, tag),
		(values) => values.length === 40,
		{ what: "all of it" },
	);
	expect(await valuesOf(centre, tag)).toEqual(countingTo(40));
	expect(connection).toBe(`${gateway}/press`);
});
