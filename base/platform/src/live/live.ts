import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import {
	asMillwrightError,
	type Clock,
	type DataClass,
	type LiveRequest,
	type Log,
	maySee,
	type Principal,
	type Role,
	type SampleBatch,
	type TagDirectory,
	type Timer,
} from "@millwright/core";
import type { Figure, Part } from "@millwright/runtime";
import { type WebSocket, WebSocketServer } from "ws";
import { credentialsOf } from "../http/session-cookie.ts";
import { refuse } from "../http/upgrades.ts";
import type { Gatekeeper } from "../ports.ts";
import { createAbuseWatch } from "./abuse.ts";
import { type FrameCache, LiveClient, type LiveCounts } from "./live-client.ts";
import { type LatestValue, NewestValues } from "./newest-values.ts";
import { parseRequest } from "./request.ts";
import { type Subscribed, Subscriptions, workOf } from "./subscriptions.ts";

export interface LiveOptions {
	directory: TagDirectory;
	clock: Clock;
	log: Log;
	gatekeeper: Gatekeeper;
	version: string;
	/** Pause between frames. */
	frameMs?: number;
	maySeeTag(principal: Principal, tag: number): boolean;
	/** What is known now of a tag that nobody watched so far. */
	latest(tag: number): LatestValue | undefined;
	maxClients?: number;
	/** Of one person or key, so that nobody can take every line there is. */
	maxClientsEach?: number;
	maxTagsPerClient?: number;
}

export interface LiveClientInfo {
	principal: string;
	address: string;
	connectedAtMs: number;
	tags: number;
	skipped: number;
}

export interface Live extends Part {
	/** Every batch of samples; historical ones are not news and pass by. */
	samples(batch: SampleBatch): void;
	/** Says an event to those who asked for it, may see its data class and have one of the roles, where it is for some only. */
	event(name: string, data: unknown, dataClass?: DataClass, allow?: readonly Role[]): void;
	/** For `onUpgrade("/api/live", …)` of the HTTP server. */
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, about: { address: string }): void;
	clients(): LiveClientInfo[];
	/** Asks who everybody is and what they may see, now; done by itself every minute. For when a session or right is taken away. */
	review(): Promise<void>;
}

const reviewEveryMs = 60_000;
const birthsEveryMs = 1000;
/** Answered with an error above; the line is cut at four times as much. */
const longestMessage = 1_048_576;
const closeGraceMs = 500;

/** Application close codes, 4000 and up. */
export const liveClose = { sessionEnded: 4401, abuse: 4429, slow: 4408 } as const;

/** What people watch, as it happens: newest values in frames, events at once, and nobody slow can slow anybody else. */
export function createLive(options: LiveOptions): Live {
	const {
		clock,
		directory,
		gatekeeper,
		frameMs = 40,
		maxClients = 200,
		maxClientsEach = 50,
		maxTagsPerClient = 10_000,
	} = options;
	const log = options.log.part("live");
	const newest = new NewestValues();
	const clients = new Map<LiveClient, { address: string; knock: Parameters<Gatekeeper["identify"]>[0] }>();
	/** By tag, who is told of it. */
	const watchers = new Map<number, LiveClient[]>();
	const counts: LiveCounts = { frames: 0, values: 0, skipped: 0, events: 0, eventsDropped: 0, slowClosed: 0, refused: 0 };
	const server = new WebSocketServer({
		noServer: true,
		maxPayload: longestMessage * 4,
		perMessageDeflate: false,
		clientTracking: false,
	});
	let timers: Timer[] = [];
	let arriving = 0;
	let bornUpTo = directory.size;

	const watch = (client: LiveClient, tag: number) => {
		const watching = watchers.get(tag);
		if (watching) watching.push(client);
		else {
			watchers.set(tag, [client]);
			newest.watch(tag, options.latest(tag));
		}
		client.gained(tag);
	};
	const unwatch = (client: LiveClient, tag: number) => {
		client.lost(tag);
		const watching = watchers.get(tag);
		if (!watching) return;
		const at = watching.indexOf(client);
		if (at >= 0) watching.splice(at, 1);
		if (watching.length > 0) return;
		watchers.delete(tag);
		newest.unwatch(tag);
	};

	const tick = () => {
		newest.takeChanges((tag, samples) => {
			for (const client of watchers.get(tag) ?? []) client.changed(tag, samples);
		});
		const cache: FrameCache | undefined = clients.size > 1 ? new Map() : undefined;
		for (const client of clients.keys()) {
			client.flush(cache);
			if (client.socket.isPaused && !client.isFull) client.socket.resume();
			if (!client.isStuck) continue;
			counts.slowClosed++;
			log.info("A live client was closed: it took nothing for half a minute", { principal: client.principal.id });
			client.socket.terminate();
		}
	};

	const births = () => {
		const { size } = directory;
		if (size === bornUpTo) return;
		const from = bornUpTo + 1;
		bornUpTo = size;
		for (const client of clients.keys()) tellTags(client, client.subscriptions.born(from));
	};

	const tellTags = (client: LiveClient, changed: ReadonlyMap<number, Subscribed>) => {
		for (const [id, { names, handles, refused }] of changed) client.tell({ t: "tags", id, names, handles, refused });
		if (changed.size > 0) client.snapshot();
	};

	/** Sessions end and rights change while a line stays open. */
	const review = async () => {
		for (const [client, { knock }] of [...clients]) {
			try {
				const known = await gatekeeper.identify(knock);
				if (!clients.has(client)) continue;
				if (!known || known.principal.id !== client.principal.id) {
					client.tell({ t: "error", code: "live.session-ended", message: "The session has ended", hint: "Sign in again." });
					client.socket.close(liveClose.sessionEnded, "session ended");
					drop(client);
					continue;
				}
				client.principal = known.principal;
				const changed = client.subscriptions.review();
				for (const [id, gained] of client.subscriptions.born(1)) changed.set(id, gained);
				tellTags(client, changed);
			} catch (error) {
				// The gatekeeper is away, not the person: ask again next time.
				log.warn("A live session could not be checked", { error: asMillwrightError(error).message });
			}
		}
	};

	const drop = (client: LiveClient) => {
		if (!clients.delete(client)) return;
		client.subscriptions.clear();
	};

	const admit = (socket: WebSocket, principal: Principal, address: string, knock: Parameters<Gatekeeper["identify"]>[0]) => {
		const client = new LiveClient({ socket, principal, clock, newest, counts });
		client.subscriptions = new Subscriptions({
			directory,
			maySee: (tag) => options.maySeeTag(client.principal, tag),
			limits: { tags: maxTagsPerClient, subscriptions: 100, filters: 100 },
			on: { gained: (tag) => watch(client, tag), lost: (tag) => unwatch(client, tag) },
		});
		clients.set(client, { address, knock });
		const abuse = createAbuseWatch(clock);
		socket.on("close", () => drop(client));
		socket.on("error", (error) => log.debug("A live line broke", { error: error.message }));
		socket.on("message", (data, isBinary) => {
			try {
				listen(client, abuse, String(data), isBinary);
			} catch (error) {
				log.error("A live request failed", { error: asMillwrightError(error).stack });
				client.tell({ t: "error", code: "live.unexpected", message: "Something went wrong on our side" });
			}
			if (client.isFull) socket.pause();
		});
		client.tell({ t: "hello", version: options.version, serverMs: clock.nowMs(), frameMs });
	};

	const listen = (client: LiveClient, abuse: ReturnType<typeof createAbuseWatch>, text: string, isBinary: boolean) => {
		if (!clients.has(client)) return;
		const request = isBinary || text.length > longestMessage ? undefined : parseRequest(text);
		const work = request?.t === "subscribe" ? workOf(request.tags, directory) : 0;
		if (request && abuse.request(work)) return answer(client, request);
		if (!abuse.strike()) {
			client.socket.close(liveClose.abuse, "too many bad requests");
			return drop(client);
		}
		if (request)
			client.tell({
				t: "error",
				code: "live.too-many-requests",
				message: "Too many requests",
				hint: "Join subscriptions into one.",
			});
		else
			client.tell({
				t: "error",
				code: "live.request-invalid",
				message: text.length > longestMessage ? `A message of ${text.length} characters` : "Not a live request",
				hint: "Send one JSON object: subscribe, unsubscribe, events or ping.",
			});
	};

	const answer = (client: LiveClient, request: LiveRequest) => {
		switch (request.t) {
			case "ping":
				return client.tell({ t: "pong", at: request.at, serverMs: clock.nowMs() });
			case "events":
				client.eventNames = [...new Set(request.names)];
				return;
			case "unsubscribe":
				return client.subscriptions.unsubscribe(request.id);
			case "subscribe": {
				const { full, ...tags } = client.subscriptions.subscribe(request.id, request.tags);
				client.tell({ t: "tags", id: request.id, ...tags });
				if (full)
					client.tell({
						t: "error",
						id: request.id,
						code: "live.too-much",
						message: `Only a part was subscribed: the limit of ${full} is reached`,
						hint: "Subscribe to what is on the screen only.",
					});
				client.snapshot();
			}
		}
	};

	const identifyAndAdmit = async (request: IncomingMessage, socket: Duplex, head: Buffer, address: string) => {
		const knock = { ...credentialsOf(request.headers), address };
		const known = knock.sessionToken || knock.bearer ? await gatekeeper.identify(knock) : undefined;
		if (!known) {
			counts.refused++;
			return refuse(socket, 401, "Unauthorized");
		}
		if (socket.destroyed) return;
		const own = [...clients.keys()].filter(({ principal }) => principal.id === known.principal.id);
		if (own.length >= maxClientsEach) {
			counts.refused++;
			return refuse(socket, 429, "Too Many Requests");
		}
		server.handleUpgrade(request, socket, head, (line) => admit(line, known.principal, address, knock));
	};

	return {
		name: "live",
		async start() {
			bornUpTo = directory.size;
			timers = [clock.every(frameMs, tick), clock.every(birthsEveryMs, births), clock.every(reviewEveryMs, () => void review())];
		},
		async stop() {
			for (const timer of timers) timer.cancel();
			const sockets = [...clients.keys()].map(({ socket }) => socket);
			const closed = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
			for (const socket of sockets) socket.close(1001, "the server stops");
			const late = setTimeout(() => {
				for (const socket of sockets) socket.terminate();
			}, closeGraceMs);
			await closed;
			clearTimeout(late);
		},
		samples(batch) {
			if (!batch.historical && watchers.size > 0) newest.apply(batch);
		},
		event(name, data, dataClass = "internal", allow) {
			let text: string | undefined;
			for (const client of clients.keys()) {
				if (!isWanted(client.eventNames, name)) continue;
				if (dataClass !== "public" && !maySee(client.principal, dataClass)) continue;
				if (allow && !client.principal.roles.some((role) => allow.includes(role))) continue;
				text ??= JSON.stringify({ t: "event", name, data });
				client.event(text);
			}
		},
		handleUpgrade(request, socket, head, { address }) {
			if (clients.size + arriving >= maxClients) {
				counts.refused++;
				return refuse(socket, 503, "Service Unavailable");
			}
			arriving++;
			identifyAndAdmit(request, socket, head, address)
				.catch((error) => {
					log.warn("A live client could not be let in", { error: asMillwrightError(error).message });
					refuse(socket, 503, "Service Unavailable");
				})
				.finally(() => {
					arriving--;
				});
		},
		review,
		clients: () =>
			[...clients].map(([client, { address }]) => ({
				principal: client.principal.id,
				address,
				connectedAtMs: client.connectedAtMs,
				tags: client.subscriptions.tags.size,
				skipped: client.skippedInAll,
			})),
		figures: () => figuresOf(clients.size, watchers.size, counts),
	};
}

const isWanted = (names: readonly string[], name: string): boolean =>
	names.some((wanted) => wanted === name || wanted === "*" || (wanted.endsWith(".*") && name.startsWith(wanted.slice(0, -1))));

function figuresOf(clients: number, tags: number, counts: LiveCounts): Figure[] {
	const counter = (name: string, help: string, value: number): Figure => ({
		name: `live_${name}_total`,
		help,
		type: "counter",
		value,
	});
	return [
		{ name: "live_clients", help: "Open live connections", type: "gauge", value: clients },
		{ name: "live_watched_tags", help: "Tags watched by somebody", type: "gauge", value: tags },
		counter("frames", "Frames of values sent", counts.frames),
		counter("values", "Values sent in frames", counts.values),
		counter("skipped_values", "Values overtaken by newer ones because a client or its line was slow", counts.skipped),
		counter("events", "Events sent", counts.events),
		counter("dropped_events", "Events dropped because a client or its line was slow", counts.eventsDropped),
		counter("slow_closed", "Clients closed because they took nothing for half a minute", counts.slowClosed),
		counter("refused", "Connections refused", counts.refused),
	];
}
