import type { Broker, BrokerConversation, BrokerFigures, Clock, Log, MessageProperties, OutgoingMessage } from "@millwright/core";
import type { Health, Part } from "@millwright/runtime";
import { type ArrivedMessage, Link, type OutsideBroker, type Waits } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { RetainedMemory } from "./retained-memory.ts";

/** A message of somebody else, already delivered by the broker outside; who sent it is not told. */
export interface OutsideMessage {
	topic: string;
	payload: Uint8Array;
	qos: 0 | 1 | 2;
	retain: boolean;
	/** The broker had kept it from before the subscription; it may have been heard already. */
	isKept?: boolean;
	client: { id: string; principal: string };
}

/** `stored` holds the acknowledgement back until what was made of the message is durable, `room` the reading of the next. */
export type OutsideVerdict = "accept" | ({ retain: boolean } & Waits) | { refuse: number };

export interface MqttBrokerOptions extends OutsideBroker {
	maxRetained?: number;
	clock: Clock;
	log: Log;
	/** Others' messages on topics below the root are shown to `judge`. */
	external?: { root: () => string; judge: (message: OutsideMessage) => OutsideVerdict };
}

const externalId = 1;

/** The namespace on an MQTT 5 broker outside. Nothing happens before `start`; it comes back by itself whenever the broker does. */
export function createMqttBroker(options: MqttBrokerOptions): Broker & { readonly part: Part } {
	const { clock, external } = options;
	const log = options.log.part("broker");
	const host = hostOf(options.url);
	const stranger = { id: `via ${host}`, principal: `via ${host}` };
	const listeners = new Listeners(log);
	const retained = new RetainedMemory(options.maxRetained ?? 500_000);
	const link = new Link({ about: options, clock, log, onMessage: heard, onConnected, more: retainAgain });
	let startedMs = 0;
	let root: string | undefined;
	let externalFilter: string | undefined;
	let lastHeardMs = 0;
	/** Own topics that a broker which came back may have forgotten. */
	let again: IterableIterator<string> | undefined;

	function onConnected(): void {
		if (link.counts.connections > 1) again = retained.own();
	}

	function retainAgain(): OutgoingMessage | undefined {
		for (let next = again?.next(); next !== undefined && !next.done; next = again?.next()) {
			const payload = retained.get(next.value);
			if (payload !== undefined) return { topic: next.value, payload, retain: true };
		}
		again = undefined;
		return undefined;
	}

	function judged(message: ArrivedMessage): Waits | undefined {
		const { topic, payload, qos, retain } = message;
		const verdict = external?.judge({ topic, payload, qos, retain, isKept: retain, client: stranger }) ?? "accept";
		if (typeof verdict === "object" && "refuse" in verdict) return undefined;
		if (verdict !== "accept" && verdict.retain) retained.set(topic, payload);
		else if (retain) retained.set(topic, payload);
		return verdict === "accept" ? undefined : verdict;
	}

	function heard(message: ArrivedMessage): Waits | undefined {
		lastHeardMs = clock.nowMs();
		const { topic, payload, qos, retain, properties, subscriptions } = message;
		if (retain && retained.isEcho(topic, payload)) return undefined;
		const forGate = externalFilter !== undefined && (subscriptions === undefined || subscriptions.includes(externalId));
		if (!forGate && retain) retained.set(topic, payload);
		listeners.tell({ topic, payload, qos, retain, ...(properties === undefined ? {} : { properties }) }, subscriptions);
		return forGate ? judged(message) : undefined;
	}

	/** The root may be renamed while running. */
	function watchExternal(): void {
		if (external === undefined || external.root() === root) return;
		root = external.root();
		// Not "root/#", which others may ask for: a second subscription to the same filter would take the place of the first.
		const filter = `${root}/+/#`;
		if (externalFilter !== undefined) link.unsubscribe(externalId);
		externalFilter = filter;
		link.subscribe({ id: externalId, filter, qos: 1, retainAsPublished: false });
	}

	function publish(message: OutgoingMessage): void {
		watchExternal();
		const { topic, qos = 0, retain = false, properties } = message;
		const payload = typeof message.payload === "function" ? once(message.payload) : message.payload;
		if (retain) retained.set(topic, payload, { own: true });
		link.publish({ ...message, payload });
		if (listeners.size > 0) tellInside(topic, payload, qos, retain, properties);
	}

	function tellInside(
		topic: string,
		payload: OutgoingMessage["payload"],
		qos: 0 | 1 | 2,
		retain: boolean,
		properties: MessageProperties | undefined,
	): void {
		try {
			const bytes = typeof payload === "function" ? payload() : payload;
			listeners.tell({ topic, payload: bytes, qos, retain, ...(properties === undefined ? {} : { properties }) });
		} catch (error) {
			log.error("A payload could not be made", { topic, error: String(error) });
		}
	}

	const figures = (): BrokerFigures => ({
		clients: 0,
		subscriptions: listeners.size,
		retained: retained.size,
		received: link.counts.received,
		sent: link.counts.sent,
		dropped: link.outbox.dropped + listeners.dropped,
		bytesReceived: link.counts.bytesReceived,
		bytesSent: link.counts.bytesSent,
		refusedConnections: 0,
		deniedTopics: link.counts.refused,
	});

	function health(): Health {
		if (!link.isConnected)
			return {
				state: "failing",
				reason: `The MQTT broker at ${host} is away since ${new Date(link.sinceMs).toISOString()} (${link.reason}); ${link.waiting} messages wait`,
				hint: "Samples are stored all the same; topics are brought up to date when the broker is back.",
			};
		const refused = link.refusedFilters;
		if (refused.length > 0)
			return {
				state: "degraded",
				reason: `The MQTT broker at ${host} refuses to be asked for ${refused.join(", ")}`,
				hint: "Let this user subscribe and publish below the namespace's root.",
			};
		if (link.outbox.messages > 0 && link.outbox.dropped > 0)
			return {
				state: "degraded",
				reason: `The MQTT broker at ${host} does not keep up: ${link.waiting} messages wait, ${link.outbox.dropped} were given up`,
				hint: "See what slows it down; live values may be missing at its subscribers, none in the history.",
			};
		return { state: "good" };
	}

	/** All that can be known from here: who sends what is known to the broker outside alone. */
	function conversations(): BrokerConversation[] {
		const subscribes = listeners.all().map(({ filter, sinceMs }) => ({ filter, qos: 1 as const, lastMs: sinceMs }));
		if (startedMs === 0) return [];
		return [
			{
				client: options.clientId,
				principal: options.credentials?.username ?? options.clientId,
				connected: link.isConnected,
				firstSeenMs: startedMs,
				lastSeenMs: Math.max(startedMs, lastHeardMs),
				publishes: [],
				subscribes:
					externalFilter === undefined ? subscribes : [{ filter: externalFilter, qos: 1, lastMs: startedMs }, ...subscribes],
			},
		];
	}

	async function start(): Promise<void> {
		startedMs = clock.nowMs();
		watchExternal();
		await link.start();
	}

	return {
		start,
		stop: () => link.stop(),
		publish,
		subscribe(filter, owner, handler) {
			const known = filter === externalFilter ? externalId : undefined;
			const { listener, isFirst } = listeners.add({ filter, owner, handler, sinceMs: clock.nowMs() }, known);
			if (isFirst && known === undefined) link.subscribe({ id: listener.id, filter, qos: 1, retainAsPublished: true });
			return () => {
				if (listeners.remove(listener) && listener.id !== externalId) link.unsubscribe(listener.id);
			};
		},
		isHeard: () => true,
		retained: (filter, limit) =>
			retained.matching(filter, limit, (topic, error) =>
				log.error("A retained payload could not be made", { topic, error: String(error) }),
			),
		clients: () => [],
		figures,
		conversations,
		part: {
			name: "broker",
			start,
			stop: () => link.stop(),
			health,
			figures: () => [
				{ name: "mqtt_connected", help: "Is the broker outside connected", type: "gauge", value: link.isConnected ? 1 : 0 },
				{ name: "mqtt_waiting", help: "Messages that wait for the broker outside", type: "gauge", value: link.waiting },
				{ name: "mqtt_waiting_bytes", help: "Their bytes", type: "gauge", value: link.outbox.bytes },
				{ name: "mqtt_sent_total", help: "Messages the broker outside took", type: "counter", value: link.counts.sent },
				{ name: "mqtt_received_total", help: "Messages from the broker outside", type: "counter", value: link.counts.received },
				{ name: "mqtt_dropped_total", help: "Messages given up for want of room", type: "counter", value: link.outbox.dropped },
				{
					name: "mqtt_dropped_assured_total",
					help: "Of these, messages of QoS 1 and 2",
					type: "counter",
					value: link.outbox.droppedAssured,
				},
				{
					name: "mqtt_replaced_total",
					help: "Retained values that a newer one replaced while the broker was away",
					type: "counter",
					value: link.outbox.replaced,
				},
				{ name: "mqtt_refused_total", help: "Messages the broker outside refused", type: "counter", value: link.counts.refused },
				{ name: "mqtt_connections_total", help: "Connections since start", type: "counter", value: link.counts.connections },
			],
		},
	};
}

/** For several who want the bytes; a failure is told to each. */
function once(make: () => Uint8Array): () => Uint8Array {
	let made: Uint8Array | undefined;
	return () => {
		made ??= make();
		return made;
	};
}

function hostOf(url: string): string {
	try {
		return new URL(url).host;
	} catch {
		return url;
	}
}
