import type { LiveMessage, LiveRequest } from "@millwright/core";
import { expect, test } from "vitest";
import { createLiveLink } from "./live-link.ts";

/** A link on a wire of our own: what it sends, what it is told, and a clock that only we turn. */
function linkForTest() {
	let now = 1_000_000;
	const timers: { at: number; run: () => void }[] = [];
	const sockets: {
		sent: LiveRequest[];
		readyState: number;
		onmessage?: (event: { data: string }) => void;
		onclose?: () => void;
	}[] = [];
	const paints: (() => void)[] = [];
	const link = createLiveLink({
		open() {
			const socket = {
				sent: [] as LiveRequest[],
				readyState: 1,
				send: (text: string) => socket.sent.push(JSON.parse(text) as LiveRequest),
				close() {
					socket.readyState = 3;
				},
			};
			sockets.push(socket);
			return socket as unknown as WebSocket;
		},
		now: () => now,
		after(ms, run) {
			const timer = { at: now + ms, run };
			timers.push(timer);
			return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
		},
		paint(run, painted) {
			paints.push(() => {
				run();
				painted();
			});
		},
	});
	const socket = () => sockets.at(-1) as (typeof sockets)[number];
	return {
		link,
		sockets,
		socket,
		tell: (message: LiveMessage) => socket().onmessage?.({ data: JSON.stringify(message) }),
		hello() {
			this.tell({ t: "hello", version: "1", serverMs: now, frameMs: 50 });
		},
		paint() {
			for (const run of paints.splice(0)) run();
		},
		advance(ms: number) {
			const until = now + ms;
			for (;;) {
				const next = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
				if (!next) break;
				timers.splice(timers.indexOf(next), 1);
				now = Math.max(now, next.at);
				next.run();
			}
			now = until;
		},
		sent: <T extends LiveRequest["t"]>(t: T) => socket().sent.filter((each) => each.t === t) as Extract<LiveRequest, { t: T }>[],
	};
}

test("tags wanted together are asked for in one message, however many want them", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	for (const tag of ["a/x", "a/y", "a/x"]) wire.link.watch(tag, () => {});
	wire.advance(0);
	expect(wire.sent("subscribe").map(({ tags }) => tags)).toEqual([["a/x", "a/y"]]);
});

test("a listener hears once a painted frame, with the newest value", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	let heard = 0;
	wire.link.watch("a/x", () => heard++);
	wire.advance(0);
	wire.tell({ t: "tags", id: 1, names: ["a/x"], handles: [7], refused: [] });
	for (const value of [1, 2, 3])
		wire.tell({ t: "values", serverMs: 0, readMs: 0, handles: [7], times: [value], values: [value], quality: [0] });
	expect(heard).toBe(0);
	wire.paint();
	expect(heard).toBe(1);
	expect(wire.link.read("a/x")).toMatchObject({ value: 3, at: 3, lastGoodAt: 3 });
});

test("a bad value keeps the time of the last good one", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	wire.link.watch("a/x", () => {});
	wire.advance(0);
	wire.tell({ t: "tags", id: 1, names: ["a/x"], handles: [1], refused: [] });
	wire.tell({ t: "values", serverMs: 0, readMs: 0, handles: [1], times: [10], values: [5], quality: [0] });
	wire.tell({ t: "values", serverMs: 0, readMs: 0, handles: [1], times: [20], values: [null], quality: [0x81] });
	expect(wire.link.read("a/x")).toEqual({ value: null, at: 20, quality: 0x81, lastGoodAt: 10 });
});

test("after a lost connection everything still wanted is asked for again, and waiting doubles", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	wire.link.watch("a/x", () => {});
	wire.link.onEvent("twin.*", () => {});
	wire.advance(0);
	wire.socket().onclose?.();
	expect(wire.link.status().state).toBe("away");
	wire.advance(400);
	expect(wire.sockets).toHaveLength(2);
	wire.socket().onclose?.();
	wire.advance(799);
	expect(wire.sockets).toHaveLength(2);
	wire.advance(1);
	wire.hello();
	expect(wire.link.status().state).toBe("live");
	expect(wire.sent("subscribe").map(({ tags }) => tags)).toEqual([["a/x"]]);
	expect(wire.sent("events").at(-1)?.names).toEqual(["twin.*"]);
});

test("a server that says nothing for long is taken as gone, whatever the socket claims", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	wire.advance(16_000);
	expect(wire.sockets.length).toBeGreaterThan(1);
	expect(wire.sockets[0]?.readyState).toBe(3);
});

test("what is no longer wanted is let go after a while, and a row is never read under another tag's name", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	const stop = wire.link.watch("a/x", () => {});
	wire.advance(0);
	wire.tell({ t: "tags", id: 1, names: ["a/x"], handles: [1], refused: [] });
	stop();
	wire.advance(2000);
	expect(wire.sent("unsubscribe")).toEqual([{ t: "unsubscribe", id: 1 }]);
	wire.link.watch("b/y", () => {});
	wire.advance(0);
	wire.tell({ t: "values", serverMs: 0, readMs: 0, handles: [1], times: [5], values: [99], quality: [0] });
	expect(wire.link.read("b/y")).toBeUndefined();
});

test("a tap hears every value, not only the newest of a frame", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	const heard: unknown[] = [];
	wire.link.tap("a/x", (at, value) => heard.push([at, value]));
	wire.advance(0);
	wire.tell({ t: "tags", id: 1, names: ["a/x"], handles: [1], refused: [] });
	for (const at of [1, 2, 3])
		wire.tell({ t: "values", serverMs: 0, readMs: 0, handles: [1], times: [at], values: [at * 10], quality: [0] });
	expect(heard).toEqual([
		[1, 10],
		[2, 20],
		[3, 30],
	]);
});

test("events reach listeners by name and by step", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	const heard: string[] = [];
	wire.link.onEvent("twin.limit-raised", () => heard.push("name"));
	wire.link.onEvent("twin.*", () => heard.push("step"));
	wire.tell({ t: "event", name: "twin.limit-raised", data: {} });
	wire.tell({ t: "event", name: "sense.connection-changed", data: {} });
	expect(heard).toEqual(["name", "step"]);
});

test("the meter counts from the driver's read to the painted frame, with the oldest value of the frame", () => {
	const wire = linkForTest();
	wire.link.start();
	wire.hello();
	wire.link.watch("a/x", () => {});
	wire.advance(0);
	wire.tell({ t: "tags", id: 1, names: ["a/x"], handles: [1], refused: [] });
	wire.tell({ t: "values", serverMs: 1_000_000, readMs: 999_970, handles: [1], times: [1], values: [1], quality: [0] });
	wire.tell({ t: "values", serverMs: 1_000_000, readMs: 999_990, handles: [1], times: [2], values: [1], quality: [0] });
	wire.advance(5);
	wire.paint();
	expect(wire.link.meter.frames).toBe(1);
	expect(wire.link.meter.quantile(1)).toBe(35);
});
