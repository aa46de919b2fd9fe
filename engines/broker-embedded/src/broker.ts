import type { IncomingMessage as HttpRequest } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import {
	type Broker,
	type BrokerAuthenticator,
	type BrokerClient,
	type Clock,
	isFilter,
	type Log,
	MillwrightError,
	type Timer,
} from "@millwright/core";
import type { Health, Part } from "@millwright/runtime";
import { Connection, type ConnectionTools } from "./connection.ts";
import { BrokerCore, type ExternalMessage, type ExternalVerdict } from "./core.ts";
import { metricsOf, type SystemFigures, systemTopics } from "./figures.ts";
import { type BrokerLimits, defaultLimits } from "./limits.ts";
import { SocketListener } from "./listener.ts";
import { Loads } from "./loads.ts";
import type { ClientPolicy } from "./policies.ts";
import { Reason } from "./reason-codes.ts";
import { restore } from "./restoring.ts";
import type { Listener } from "./routes.ts";
import { Sessions } from "./sessions.ts";
import { Journal } from "./store/journal.ts";
import type { TlsFiles } from "./tls-files.ts";
import { socketTransport, type Transport } from "./transport.ts";
import { createWebSocketDoor } from "./web-socket.ts";

export interface EmbeddedBrokerOptions {
	/** Null listens nowhere: in-process and WebSocket only. Port 0 picks a free one. */
	listen: { host: string; port: number } | null;
	/** Makes the listener a TLS listener. */
	tls?: TlsFiles | undefined;
	authenticate: BrokerAuthenticator;
	/** Where sessions, queued and retained messages outlive the process; without it they end with it, and nothing waits for a disk. */
	folder?: string;
	limits?: Partial<BrokerLimits>;
	/** The first that matches a client holds for it. */
	policies?: readonly ClientPolicy[] | undefined;
	/** Of the product, for `$SYS/broker/version`. */
	version?: string;
	clock: Clock;
	log: Log;
	/** Sees every client's publish (and will) before anybody receives it. Must be quick and must not keep the payload. */
	onExternalPublish?: (message: ExternalMessage) => ExternalVerdict;
}

export interface ClientChange {
	change: "connected" | "disconnected";
	client: BrokerClient;
	/** Why it ended. */
	reason?: string;
}

export interface EmbeddedBroker extends Broker {
	/** The broker's life for a supervisor, with its metrics. */
	readonly part: Part;
	/** Of the listener; 0 where there is none. */
	readonly port: number;
	/** Subprotocol `mqtt`; the caller has checked path and origin. */
	handleWebSocketUpgrade(request: HttpRequest, socket: Duplex, head: Buffer): void;
	/** Ends every connection and every sleeping session of a principal whose rights ended or changed. */
	disconnectPrincipal(principal: string): void;
	/** What principals may receive has changed: it is asked again for every topic. */
	rightsChanged(): void;
	/** A throwing listener is logged and stops nobody. Returns the way to stop. */
	onClientChange(listener: (change: ClientChange) => void): () => void;
}

const systemTopicsEveryMs = 10_000;
const conversationsEveryMs = 60_000;
const conversationsFile = "conversations.jsonl";

/** An MQTT 3.1.1 and 5 broker inside the process. */
export function createEmbeddedBroker(options: EmbeddedBrokerOptions): EmbeddedBroker {
	const { clock } = options;
	const log = options.log.part("broker");
	const limits: BrokerLimits = { ...defaultLimits, ...options.limits };
	const { folder } = options;
	const journal = folder === undefined ? undefined : new Journal({ folder: join(folder, "journal"), clock, log });
	const core = new BrokerCore({ ...options, limits, log, journal });
	const sessions = new Sessions(core);
	/** Every transport, from its first byte; `open` only those that were admitted. */
	const connections = new Set<Connection>();
	const open = new Set<Connection>();
	const changeListeners = new Set<(change: ClientChange) => void>();
	const timers: Timer[] = [];
	const loads = new Loads();
	const heap = { now: 0, most: 0 };
	let mostClients = 0;
	let door: SocketListener | undefined;
	let state: "new" | "running" | "stopped" = "new";
	let startedAtMs = 0;
	let isRestored = false;

	function announce(change: ClientChange): void {
		for (const listener of changeListeners) {
			try {
				listener(change);
			} catch (error) {
				log.error("A listener for MQTT clients failed", { error: String(error) });
			}
		}
	}

	function count(principal: string, change: 1 | -1): void {
		const now = (core.present.get(principal) ?? 0) + change;
		if (now > 0) core.present.set(principal, now);
		else core.present.delete(principal);
	}

	const tools: ConnectionTools = {
		core,
		sessions,
		mayEnter: () => open.size < limits.maxClients,
		opened(connection) {
			open.add(connection);
			mostClients = Math.max(mostClients, open.size);
			count(connection.principal, 1);
			connection.session?.conversation?.came();
			if (changeListeners.size > 0) announce({ change: "connected", client: connection.describe() });
		},
		closed(connection, reason) {
			connections.delete(connection);
			if (open.has(connection) && connection.session?.line === undefined) connection.session?.conversation?.went();
			if (!open.delete(connection)) return;
			count(connection.principal, -1);
			if (changeListeners.size > 0) announce({ change: "disconnected", client: connection.describe(), reason });
		},
	};

	function admit(transport: Transport): void {
		if (state !== "running") transport.destroy();
		else {
			core.counts.connections++;
			connections.add(new Connection(transport, tools));
		}
	}

	function sweep(): void {
		const nowMs = clock.monotonicMs();
		core.tick();
		for (const connection of [...connections]) connection.check(nowMs);
		sessions.sweep(nowMs);
	}

	function systemFigures(): SystemFigures {
		const { messages, bytes } = sessions.stored;
		const { packetsReceived, packetsSent, expired, connections: begun } = core.counts;
		return {
			...core.figures(open.size),
			sessions: sessions.size,
			mostClients,
			expired,
			connections: begun,
			packetsReceived,
			packetsSent,
			waiting: messages,
			waitingBytes: bytes,
			retainedBytes: core.routes.retainedBytes,
			heapBytes: heap.now,
			mostHeapBytes: heap.most,
		};
	}

	function publishSystemTopics(): void {
		heap.now = process.memoryUsage().heapUsed;
		heap.most = Math.max(heap.most, heap.now);
		const nowMs = clock.monotonicMs();
		const figures = systemFigures();
		const about = {
			version: `Millwright ${options.version ?? ""}`.trim(),
			uptimeSeconds: Math.round((nowMs - startedAtMs) / 1000),
		};
		for (const [name, value] of [...systemTopics(figures, about), ...loads.update(figures, nowMs)])
			core.publish({ topic: `$SYS/broker/${name}`, payload: () => Buffer.from(value), retain: true });
	}

	async function start(): Promise<void> {
		if (state === "running") return;
		state = "running";
		startedAtMs = clock.monotonicMs();
		if (journal !== undefined && folder !== undefined) {
			try {
				const kept = await journal.open();
				// A second start of the same broker has everything in memory.
				if (!isRestored) restore({ state: kept, core, sessions, journal });
				isRestored = true;
			} catch (error) {
				state = "new";
				throw new MillwrightError("broker.journal-unreadable", `The broker's journal in ${folder} cannot be opened`, {
					kind: "outage",
					hint: "The folder must be readable and writable, and its disk must have room.",
					place: "namespace.mqtt",
					cause: error,
				});
			}
			await core.conversations.load(join(folder, conversationsFile));
		}
		if (options.listen !== null) {
			door = new SocketListener({
				at: options.listen,
				tls: options.tls,
				limits,
				clock,
				log,
				accept: (socket) => admit(socketTransport(socket, clock)),
				refused: () => {
					core.counts.refusedConnections++;
				},
			});
			try {
				await door.start();
			} catch (error) {
				state = "new";
				door = undefined;
				await journal?.close();
				if (error instanceof MillwrightError) throw error;
				throw new MillwrightError("broker.listen-failed", `MQTT cannot listen on ${options.listen.host}:${options.listen.port}`, {
					kind: "outage",
					hint: "Another program may hold the port; choose another under namespace.mqtt.listen.",
					place: "namespace.mqtt.listen",
					cause: error,
				});
			}
			if (options.tls === undefined && !isLoopback(options.listen.host))
				log.warn("Keys and values travel in the clear: other machines reach MQTT without TLS", {
					hint: "Listen on 127.0.0.1, or let clients use MQTT over WebSocket at /mqtt of the HTTPS address.",
				});
			log.info("MQTT listens", { host: options.listen.host, port: door.port, tls: options.tls !== undefined });
		}
		timers.push(clock.every(1000, sweep), clock.every(systemTopicsEveryMs, publishSystemTopics));
		if (folder !== undefined)
			timers.push(clock.every(conversationsEveryMs, () => void core.conversations.save(join(folder, conversationsFile))));
		publishSystemTopics();
	}

	async function stop(): Promise<void> {
		if (state !== "running") return;
		state = "stopped";
		for (const timer of timers.splice(0)) timer.cancel();
		const ended = [...connections];
		for (const connection of ended)
			connection.disconnect(Reason.serverShuttingDown, "The server is shutting down", { will: true });
		if (door !== undefined) await door.stop();
		else for (const connection of ended) connection.destroy();
		door = undefined;
		core.tick();
		if (folder !== undefined) await core.conversations.save(join(folder, conversationsFile));
		await journal?.close();
	}

	async function copyTo(target: string, journal: Journal): Promise<void> {
		await journal.copyTo(join(target, "journal"));
		await core.conversations.copyTo(join(target, conversationsFile));
	}

	function health(): Health {
		if (state !== "running")
			return { state: "failing", reason: "The broker is not running", hint: "See the log for why it stopped." };
		if (journal?.refusal !== undefined)
			return {
				state: "failing",
				reason: `What MQTT clients must be able to rely on cannot be kept: ${journal.refusal}`,
				hint: "Make room on the disk of the data folder. Clients are refused until then, and served again by themselves.",
			};
		if (journal !== undefined && journal.damaged.length > 0)
			return {
				state: "degraded",
				reason: "The broker's journal was damaged; sessions and retained messages in the damaged part are gone",
				hint: `The damaged files were kept: ${journal.damaged.join(", ")}.`,
			};
		const daysLeft = ((door?.certificateUntilMs ?? Number.POSITIVE_INFINITY) - clock.nowMs()) / 86_400_000;
		if (daysLeft < 14)
			return {
				state: "degraded",
				reason:
					daysLeft < 0
						? "The certificate of MQTT has expired"
						: `The certificate of MQTT expires in ${Math.floor(daysLeft)} days`,
				hint: "Replace the files under namespace.mqtt.tls; they are read again by themselves.",
			};
		return { state: "good" };
	}

	return {
		part: {
			name: "broker",
			start,
			stop,
			health,
			figures: () => metricsOf(systemFigures()),
			...(journal === undefined ? {} : { copyTo: (target: string) => copyTo(target, journal) }),
		},
		start,
		stop,
		get port() {
			return door?.port ?? 0;
		},
		publish: (message) => core.publish(message),
		subscribe(filter, owner, handler) {
			if (!isFilter(filter))
				throw new MillwrightError("broker.filter-invalid", `"${filter}" is not a topic filter`, {
					hint: "`#` stands alone and last, `+` alone in its level.",
				});
			const listener: Listener = { filter, owner, handler };
			core.routes.subscribe(listener);
			return () => core.routes.unsubscribe(listener);
		},
		isHeard(topic) {
			const { targets, listeners } = core.routes.routeOf(core.routes.entry(topic));
			return targets.length > 0 || listeners.length > 0;
		},
		hearing: () => core.routes.hearing,
		retained: (filter, limit) => core.retained(filter, limit),
		conversations: () => core.conversations.list(),
		clients: () => [...open].map((connection) => connection.describe()),
		figures: () => core.figures(open.size),
		handleWebSocketUpgrade: createWebSocketDoor({ maxPacketBytes: limits.maxPacketBytes, clock, admit }),
		disconnectPrincipal(principal) {
			for (const connection of [...open])
				if (connection.principal === principal)
					connection.disconnect(Reason.administrative, "Access was withdrawn or changed", { will: true });
			sessions.endAway(principal);
		},
		rightsChanged: () => core.routes.invalidateAll(),
		onClientChange(listener) {
			changeListeners.add(listener);
			return () => void changeListeners.delete(listener);
		},
	};
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");
