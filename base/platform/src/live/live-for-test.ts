import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
	type LiveMessage,
	type LiveRequest,
	type Principal,
	type Quality,
	SampleBatchBuilder,
	type Value,
} from "@millwright/core";
import { memoryTagDirectory, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import WebSocket from "ws";
import { gatekeeper as everybody } from "../for-test.ts";
import type { Gatekeeper } from "../ports.ts";
import { createLive, type LiveOptions } from "./live.ts";
import type { LatestValue } from "./newest-values.ts";

type Of<T extends LiveMessage["t"]> = Extract<LiveMessage, { t: T }>;

export interface TestClient {
	socket: WebSocket;
	messages: LiveMessage[];
	send(request: LiveRequest | string): void;
	/** The next message of a kind not yet taken, waited for. */
	next<T extends LiveMessage["t"]>(t: T): Promise<Of<T>>;
	/** Close code, once it has come. */
	closed: Promise<number>;
}

/** A live hub on a real socket, with a clock that stands still. Tags `secret/…` are for engineers. */
export async function liveForTest(over: Partial<LiveOptions> = {}) {
	const clock = createFakeClock({ startMs: 1_000_000 });
	const directory = memoryTagDirectory();
	const latest = new Map<number, LatestValue>();
	let identify: Gatekeeper["identify"] = everybody.identify;
	const live = createLive({
		directory,
		clock,
		log: silentLog,
		gatekeeper: { identify: (knock) => identify(knock) },
		version: "1.2.3",
		latest: (tag) => latest.get(tag),
		maySeeTag: (principal: Principal, tag) =>
			!directory.nameOf(tag).startsWith("secret/") || principal.roles.includes("engineer"),
		...over,
	});
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	server.on("upgrade", (request, socket, head) => live.handleUpgrade(request, socket, head, { address: "127.0.0.1" }));
	await live.start();
	const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/live`;
	const sockets: WebSocket[] = [];
	let sequence = 1;

	return {
		live,
		clock,
		directory,
		latest,
		url,
		setIdentify(next: Gatekeeper["identify"]) {
			identify = next;
		},
		/** Samples of tags by name, read now. */
		say(values: Record<string, Value>, about: { historical?: boolean; quality?: Quality; atMs?: number } = {}) {
			const names = Object.keys(values);
			const ids = directory.assign(names);
			const builder = new SampleBatchBuilder(names.length);
			const at = BigInt(Math.round((about.atMs ?? clock.nowMs()) * 1000)) * 1000n;
			for (const [i, name] of names.entries()) builder.add(ids[i] as number, at, values[name] as Value, about.quality ?? 0);
			live.samples(builder.take({ connection: "c", first: sequence, historical: about.historical, readAtMs: clock.nowMs() }));
			sequence += names.length;
		},
		async connect(as = "emma"): Promise<TestClient> {
			const socket = new WebSocket(url, { headers: { cookie: `millwright_session=${as}` } });
			sockets.push(socket);
			const client = wrap(socket);
			await client.next("hello");
			return client;
		},
		async close() {
			for (const socket of sockets) socket.terminate();
			await live.stop();
			server.close();
			server.closeAllConnections();
		},
	};
}

function wrap(socket: WebSocket): TestClient {
	const messages: LiveMessage[] = [];
	const waiting = new Set<() => void>();
	socket.on("error", () => {});
	socket.on("message", (data) => {
		messages.push(JSON.parse(String(data)) as LiveMessage);
		for (const wake of waiting) wake();
	});
	const closed = new Promise<number>((resolve) => {
		socket.on("close", (code) => resolve(code));
	});
	return {
		socket,
		messages,
		closed,
		send: (request) => socket.send(typeof request === "string" ? request : JSON.stringify(request)),
		next<T extends LiveMessage["t"]>(t: T): Promise<Of<T>> {
			return new Promise((resolve) => {
				const look = () => {
					const at = messages.findIndex((message) => message.t === t);
					if (at < 0) return;
					waiting.delete(look);
					resolve(messages.splice(at, 1)[0] as Of<T>);
				};
				waiting.add(look);
				look();
			});
		},
	};
}
