import { once } from "node:events";
import type { LiveFrame } from "@millwright/core";
import { afterEach, expect, test } from "vitest";
import WebSocket from "ws";
import { people } from "../for-test.ts";
import type { LiveOptions } from "./live.ts";
import { liveForTest, type TestClient } from "./live-for-test.ts";

let open: { close(): Promise<void> } | undefined;
afterEach(async () => {
	await open?.close();
	open = undefined;
});
async function live(over?: Partial<LiveOptions>) {
	const hub = await liveForTest(over);
	open = hub;
	return hub;
}
type Hub = Awaited<ReturnType<typeof live>>;

/** A ping answered proves that everything sent before has been dealt with. */
async function settled(client: TestClient): Promise<void> {
	client.send({ t: "ping", at: 1 });
	await client.next("pong");
}
async function subscribed(client: TestClient, ...tags: string[]) {
	client.send({ t: "subscribe", id: 1, tags });
	const answer = await client.next("tags");
	await settled(client);
	return new Map(answer.names.map((name, i) => [name, answer.handles[i] as number]));
}
const asObject = (frame: LiveFrame, hub: Hub) =>
	Object.fromEntries(frame.handles.map((handle, i) => [hub.directory.nameOf(handle), frame.values[i]]));

test("a client is greeted and its pings are answered", async () => {
	const hub = await live();
	const client = await hub.connect();
	client.send({ t: "ping", at: 42 });
	expect(await client.next("pong")).toEqual({ t: "pong", at: 42, serverMs: 1_000_000 });
});

test("subscribing answers with handles, then with what is known now", async () => {
	const hub = await live();
	const [temperature] = hub.directory.assign(["line/cnc/temperature", "line/cnc/mode", "line/cnc/unknown"]);
	hub.latest.set(temperature as number, { time: 5.123_456, value: 61.5, quality: 0 });
	hub.latest.set(2, { time: 6, value: "auto", quality: 0x41 });
	const client = await hub.connect();
	client.send({ t: "subscribe", id: 7, tags: ["line/cnc/temperature", "line/cnc/mode", "line/cnc/unknown"] });
	expect(await client.next("tags")).toEqual({
		t: "tags",
		id: 7,
		names: ["line/cnc/temperature", "line/cnc/mode", "line/cnc/unknown"],
		handles: [1, 2, 3],
		refused: [],
	});
	expect(await client.next("values")).toEqual({
		t: "values",
		serverMs: 1_000_000,
		readMs: 0,
		handles: [1, 2],
		times: [5.123, 6],
		values: [61.5, "auto"],
		quality: [0, 0x41],
	});
});

test("values between two frames are coalesced to the newest, with source time and the age of the oldest", async () => {
	const hub = await live();
	const client = await hub.connect();
	hub.directory.assign(["a/x", "a/y", "a/z"]);
	await subscribed(client, "a/x", "a/y");
	hub.say({ "a/x": 1, "a/y": "off", "a/z": 9 });
	await hub.clock.advance(10);
	hub.say({ "a/x": 2 }, { atMs: 999_999.123_4 });
	hub.say({ "a/y": true }, { quality: 0x80 });
	hub.say({ "a/x": 3 }, { historical: true });
	await hub.clock.advance(30);
	expect(await client.next("values")).toEqual({
		t: "values",
		serverMs: 1_000_040,
		readMs: 1_000_010,
		handles: [1, 2],
		times: [999_999.123, 1_000_010],
		values: [2, 1],
		quality: [0, 0x80],
	});
	await hub.clock.advance(400);
	await settled(client);
	expect(client.messages).toEqual([]);
});

test("a wildcard finds the tags there are and those born later", async () => {
	const hub = await live();
	hub.directory.assign(["line/cnc-1/speed", "line/cnc-1/load", "other/cnc-1/speed"]);
	const client = await hub.connect();
	expect([...(await subscribed(client, "line/+/speed", "line/cnc-9/load"))]).toEqual([["line/cnc-1/speed", 1]]);
	hub.say({ "line/cnc-2/speed": 5, "line/cnc-9/load": 6, "line/cnc-2/load": 7 });
	await hub.clock.advance(1000);
	expect((await client.next("tags")).names.sort()).toEqual(["line/cnc-1/speed", "line/cnc-2/speed", "line/cnc-9/load"]);
	hub.say({ "line/cnc-2/speed": 8, "line/cnc-9/load": 9, "line/cnc-2/load": 10 });
	await hub.clock.advance(40);
	expect(asObject(await client.next("values"), hub)).toEqual({ "line/cnc-2/speed": 8, "line/cnc-9/load": 9 });
});

test("unsubscribing ends it, but not for tags another subscription holds", async () => {
	const hub = await live();
	hub.directory.assign(["a/x", "a/y"]);
	const client = await hub.connect();
	await subscribed(client, "a/#");
	client.send({ t: "subscribe", id: 2, tags: ["a/y"] });
	client.send({ t: "unsubscribe", id: 1 });
	await settled(client);
	hub.say({ "a/x": 1, "a/y": 2 });
	await hub.clock.advance(40);
	expect(asObject(await client.next("values"), hub)).toEqual({ "a/y": 2 });
	client.send({ t: "unsubscribe", id: 2 });
	await settled(client);
	expect(hub.live.clients()).toMatchObject([{ principal: "user_emma", tags: 0 }]);
	expect(hub.live.figures?.().find(({ name }) => name === "live_watched_tags")?.value).toBe(0);
});

test("tags a person may not see are refused by name and left out of wildcards, now and later", async () => {
	const hub = await live();
	hub.directory.assign(["secret/recipe", "open/speed"]);
	const client = await hub.connect("olga");
	client.send({ t: "subscribe", id: 1, tags: ["secret/recipe", "#", "bad/#/filter"] });
	expect(await client.next("tags")).toMatchObject({ names: ["open/speed"], refused: ["secret/recipe", "bad/#/filter"] });
	hub.say({ "secret/other": 1, "open/load": 2 });
	await hub.clock.advance(1000);
	expect((await client.next("tags")).names).toEqual(["open/speed", "open/load"]);
	hub.say({ "secret/recipe": 1, "secret/other": 1, "open/load": 3 });
	await hub.clock.advance(40);
	expect(asObject(await client.next("values"), hub)).toEqual({ "open/load": 3 });
});

test("events reach those who asked by name or step and may see their class", async () => {
	const hub = await live();
	const [emma, olga] = [await hub.connect("emma"), await hub.connect("olga")];
	emma.send({ t: "events", names: ["twin.*"] });
	olga.send({ t: "events", names: ["twin.limit-raised", "sense.stopped"] });
	await Promise.all([settled(emma), settled(olga)]);
	hub.live.event("twin.limit-raised", { asset: "a" });
	hub.live.event("twin.recipe-changed", { asset: "b" }, "restricted");
	hub.live.event("sense.stopped", { connection: "c" });
	hub.live.event("twins.other", {});
	await hub.clock.advance(40);
	await Promise.all([settled(emma), settled(olga)]);
	expect(emma.messages).toEqual([
		{ t: "event", name: "twin.limit-raised", data: { asset: "a" } },
		{ t: "event", name: "twin.recipe-changed", data: { asset: "b" } },
	]);
	expect(olga.messages).toMatchObject([{ name: "twin.limit-raised" }, { name: "sense.stopped" }]);
});

/** Ticks until something arrives; real sockets take real moments while the clock stands. */
async function tickUntil<T>(hub: Hub, arrived: Promise<T>): Promise<T> {
	let value: { it: T } | undefined;
	void arrived.then((it) => {
		value = { it };
	});
	for (let i = 0; i < 2000 && !value; i++) {
		await hub.clock.advance(40);
		await new Promise((resolve) => setTimeout(resolve, 1));
	}
	if (!value) throw new Error("it never arrived");
	return value.it;
}

test("a frozen client harms nobody, gets the newest value when it wakes, and is told what it missed", async () => {
	const hub = await live();
	hub.directory.assign(["a/x", "a/y"]);
	const [frozen, healthy] = [await hub.connect("olga"), await hub.connect("emma")];
	await subscribed(frozen, "a/x", "a/y");
	await subscribed(healthy, "a/x", "a/y");
	frozen.socket.pause();
	let said = 0;
	for (let i = 0; i < 150; i++) {
		hub.say({ "a/x": ++said });
		await hub.clock.advance(40);
		expect(asObject(await healthy.next("values"), hub)).toEqual({ "a/x": said });
	}
	expect(healthy.messages).toEqual([]);
	const before = hub.live.figures?.().find(({ name }) => name === "live_skipped_values_total")?.value;
	expect(before).toBe(0);
	frozen.socket.resume();
	const newest = (async () => {
		for (;;) {
			const frame = await frozen.next("values");
			if (frame.skipped) return frame;
		}
	})();
	const frame = await tickUntil(hub, newest);
	expect(asObject(frame, hub)).toEqual({ "a/x": said });
	expect(frame.skipped).toBeGreaterThan(50);
	expect(frame.skipped).toBeLessThan(150);
	expect(hub.live.clients().find(({ principal }) => principal === "user_olga")?.skipped).toBe(frame.skipped);
});

test("events queue for a frozen client up to a thousand; the oldest go, and that is said", async () => {
	const hub = await live();
	const client = await hub.connect();
	client.send({ t: "events", names: ["*"] });
	await settled(client);
	client.socket.pause();
	await hub.clock.advance(15_000);
	await hub.clock.advance(2_000);
	for (let i = 0; i < 1500; i++) hub.live.event("twin.limit-raised", { i });
	client.socket.resume();
	expect(await tickUntil(hub, client.next("error"))).toMatchObject({
		code: "live.events-dropped",
		message: expect.stringContaining("500"),
	});
	await settled(client);
	const numbers = client.messages.map((message) => message.t === "event" && (message.data as { i: number }).i);
	expect(numbers).toEqual(Array.from({ length: 1000 }, (_, i) => 500 + i));
});

test("a client that takes nothing for half a minute is closed and forgotten", async () => {
	const hub = await live();
	hub.directory.assign(["a/x"]);
	const [frozen, healthy] = [await hub.connect("olga"), await hub.connect("emma")];
	await subscribed(frozen, "a/x");
	frozen.socket.pause();
	hub.say({ "a/x": 1 });
	for (let i = 0; i < 48; i++) await hub.clock.advance(1000);
	expect(hub.live.clients().map(({ principal }) => principal)).toEqual(["user_emma"]);
	expect(hub.live.figures?.().find(({ name }) => name === "live_watched_tags")?.value).toBe(0);
	await settled(healthy);
});

test("nobody comes in without a session or key, nor beyond the limit", async () => {
	const hub = await live({ maxClients: 1 });
	const statusOf = async (headers: Record<string, string>) => {
		const socket = new WebSocket(hub.url, { headers });
		socket.on("error", () => {});
		const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
		return response.statusCode;
	};
	expect(await statusOf({})).toBe(401);
	expect(await statusOf({ cookie: "millwright_session=mallory" })).toBe(401);
	await hub.connect();
	expect(await statusOf({ authorization: "Bearer emma" })).toBe(503);
});

test("a revoked session closes the line within a minute", async () => {
	const hub = await live();
	const client = await hub.connect();
	hub.setIdentify(async () => undefined);
	await hub.clock.advance(60_000);
	expect(await client.next("error")).toMatchObject({ code: "live.session-ended" });
	expect(await client.closed).toBe(4401);
	expect(hub.live.clients()).toEqual([]);
});

test("a review on demand closes it at once", async () => {
	const hub = await live();
	const client = await hub.connect();
	hub.setIdentify(async () => undefined);
	await hub.live.review();
	expect(await client.closed).toBe(4401);
});

test("a person who loses a role loses the tags it showed, and gains those a new one shows", async () => {
	const hub = await live();
	hub.directory.assign(["secret/recipe", "open/speed"]);
	const client = await hub.connect();
	await subscribed(client, "#");
	hub.setIdentify(async () => ({ principal: { ...people.emma, roles: ["operator"] } }));
	await hub.clock.advance(60_000);
	expect((await client.next("tags")).names).toEqual(["open/speed"]);
	hub.setIdentify(async () => ({ principal: people.emma }));
	await hub.clock.advance(60_000);
	expect((await client.next("tags")).names.sort()).toEqual(["open/speed", "secret/recipe"]);
});

test("a gatekeeper that is away for a moment throws nobody out", async () => {
	const hub = await live();
	const client = await hub.connect();
	hub.setIdentify(() => Promise.reject(new Error("records are busy")));
	await hub.clock.advance(60_000);
	await settled(client);
	expect(hub.live.clients()).toHaveLength(1);
});

test("rubbish is answered with an error, and repeated rubbish ends the line", async () => {
	const hub = await live();
	const client = await hub.connect();
	for (const rubbish of ["", "{", "[]", '{"t":"dance"}', '{"t":"subscribe","id":1,"tags":[5]}', "x".repeat(2_000_000)]) {
		client.send(rubbish);
		expect(await client.next("error")).toMatchObject({ code: "live.request-invalid", hint: expect.any(String) });
	}
	for (let i = 0; i < 6; i++) client.send("{");
	expect(await client.closed).toBe(4429);
	const huge = await hub.connect();
	huge.send("x".repeat(5_000_000));
	expect(await huge.closed).toBe(1009);
	await settled(await hub.connect());
});

test("a subscription beyond the limits is cut short and told", async () => {
	const hub = await live({ maxTagsPerClient: 3 });
	hub.directory.assign(["a/1", "a/2", "a/3", "a/4", "a/5"]);
	const client = await hub.connect();
	client.send({ t: "subscribe", id: 1, tags: ["a/#"] });
	expect((await client.next("tags")).names).toHaveLength(3);
	expect(await client.next("error")).toMatchObject({ id: 1, code: "live.too-much" });
	client.send({ t: "subscribe", id: 1, tags: ["a/1", "a/2", "a/5"] });
	expect((await client.next("tags")).names).toEqual(["a/1", "a/2", "a/5"]);
	client.send({ t: "subscribe", id: 2, tags: ["a/3"] });
	expect(await client.next("tags")).toMatchObject({ names: [], refused: ["a/3"] });
});

test("stopping says good-bye to everybody", async () => {
	const hub = await live();
	const client = await hub.connect();
	await hub.live.stop();
	expect(await client.closed).toBe(1001);
});
