import { type Broker, type Clock, type IncomingMessage, type Log, type MessageProperties, matchesFilter } from "@millwright/core";
import type { Health, Part } from "@millwright/runtime";
import type { OutsideMessage, OutsideVerdict } from "./broker.ts";
import { type ArrivedMessage, Link, type OutsideBroker, type Waits } from "./link.ts";

/** What goes over the bridge; `prefix` stands in front of the topic on the other side. */
export interface BridgeRule {
	filter: string;
	prefix?: string | undefined;
	qos: 0 | 1;
}

export interface BridgeStatus {
	name: string;
	url: string;
	state: "connected" | "away";
	/** Ms since 1970: of the state. */
	since: number;
	reason?: string;
	forwardedOut: number;
	forwardedIn: number;
	waiting: number;
	dropped: number;
	/** By the other broker, and by our own gate. */
	refused: number;
	/** Messages that had been over this bridge before, and were stopped. */
	loops: number;
}

export interface BridgeOptions {
	name: string;
	outside: OutsideBroker;
	out: readonly BridgeRule[];
	in: readonly BridgeRule[];
	/** Ours, embedded or outside. */
	broker: Broker;
	/** Tells this bridge from all others there are; the same after a restart. */
	marker: string;
	/** What comes in below the root passes the gate for clients' messages. */
	judge?: (message: OutsideMessage) => OutsideVerdict;
	clock: Clock;
	log: Log;
}

export interface Bridge {
	readonly part: Part;
	status(): BridgeStatus;
}

/** MQTT 5 user property with the bridges a message has been over, so that it goes over none of them twice. */
export const hopProperty = "millwright-hops";
const mostHops = 16;
const mostRetained = 50_000;
const mostCameIn = 100_000;

/** Carries chosen topics between our broker and another one, both ways, without loops; what waits is bounded and every drop counted. */
export function createBridge(options: BridgeOptions): Bridge {
	const { name, broker, marker, clock } = options;
	const log = options.log.part("bridge");
	const link = new Link({ about: options.outside, clock, log, onMessage: takeIn, onConnected: greet });
	const stops: (() => void)[] = [];
	/** Topics of ours whose retained value came over this bridge: it is not sent back. */
	const cameIn = new Set<string>();
	const counts = { in: 0, refused: 0, loops: 0 };
	let droppedAtGreeting = 0;
	let greeted = false;

	/** With this bridge added; undefined where the message has been here, or too far round. */
	function marked(properties: MessageProperties | undefined): MessageProperties | undefined {
		const hops = hopsOf(properties);
		if (hops.includes(marker) || hops.length >= mostHops) {
			counts.loops++;
			return undefined;
		}
		return { ...properties, userProperties: { ...properties?.userProperties, [hopProperty]: [...hops, marker] } };
	}

	function sendOut(rule: BridgeRule, { topic, payload, retain, properties }: IncomingMessage): void {
		const next = marked(properties);
		if (next === undefined) return;
		if (retain) cameIn.delete(topic);
		// The bytes belong to the broker's read buffer, and may have to wait.
		link.publish({ topic: `${rule.prefix ?? ""}${topic}`, payload: payload.slice(), qos: rule.qos, retain, properties: next });
	}

	function takeIn(message: ArrivedMessage): Waits | undefined {
		const all: Waits[] = [];
		for (const [i, rule] of options.in.entries())
			if (message.subscriptions === undefined ? matchesFilter(rule.filter, message.topic) : message.subscriptions.includes(i + 1))
				all.push(takeInBy(rule, message) ?? {});
		if (all.length < 2) return all[0];
		return {
			stored: Promise.all(all.map(({ stored }) => Promise.resolve(stored))),
			room: all.find(({ room }) => room !== undefined)?.room,
		};
	}

	function takeInBy(rule: BridgeRule, { topic: there, payload, qos, retain, properties }: ArrivedMessage): Waits | undefined {
		const next = marked(properties);
		if (next === undefined) return undefined;
		const topic = `${rule.prefix ?? ""}${there}`;
		const client = { id: `bridge:${name}`, principal: `bridge:${name}` };
		const verdict = options.judge?.({ topic, payload, qos, retain, isKept: retain, client }) ?? "accept";
		if (typeof verdict === "object" && "refuse" in verdict) {
			counts.refused++;
			return undefined;
		}
		counts.in++;
		const keeps = verdict === "accept" ? retain : verdict.retain;
		if (keeps && cameIn.size < mostCameIn) cameIn.add(topic);
		broker.publish({ topic, payload, qos, retain: keeps, properties: next });
		return verdict === "accept" ? undefined : verdict;
	}

	/** The other side gets what we have retained, at first and whenever something had to be dropped. */
	function greet(): void {
		if (greeted && link.outbox.dropped === droppedAtGreeting) return;
		greeted = true;
		droppedAtGreeting = link.outbox.dropped;
		for (const rule of options.out)
			for (const { topic, payload } of broker.retained(rule.filter, mostRetained))
				if (!cameIn.has(topic)) sendOut(rule, { topic, payload, qos: rule.qos, retain: true });
	}

	const status = (): BridgeStatus => ({
		name,
		url: options.outside.url,
		state: link.isConnected ? "connected" : "away",
		since: link.sinceMs,
		...(link.isConnected ? {} : { reason: link.reason }),
		forwardedOut: link.counts.sent,
		forwardedIn: counts.in,
		waiting: link.waiting,
		dropped: link.outbox.dropped,
		refused: counts.refused + link.counts.refused,
		loops: counts.loops,
	});

	function health(): Health {
		const { state, since, reason, waiting, dropped } = status();
		if (state === "away")
			return {
				state: "degraded",
				reason: `The bridge ${name} is away since ${new Date(since).toISOString()} (${reason}); ${waiting} messages wait, ${dropped} were dropped`,
				hint: "It connects again by itself; see that the other broker is there and lets this client in.",
			};
		if (link.refusedFilters.length > 0)
			return {
				state: "degraded",
				reason: `The other broker refuses the bridge ${name} the subscription to ${link.refusedFilters.join(", ")}`,
				hint: "Give its user the right to subscribe there.",
			};
		return { state: "good" };
	}

	return {
		status,
		part: {
			name: `bridge ${name}`,
			async start() {
				for (const rule of options.out)
					stops.push(broker.subscribe(rule.filter, `bridge ${name}`, (message) => sendOut(rule, message)));
				for (const [i, { filter, qos }] of options.in.entries())
					link.subscribe({ id: i + 1, filter, qos, retainAsPublished: true });
				await link.start();
			},
			async stop() {
				for (const stop of stops.splice(0)) stop();
				await link.stop();
			},
			health,
			figures() {
				const { state, forwardedOut, forwardedIn, waiting, dropped, loops } = status();
				const labels = { bridge: name };
				return [
					{ name: "bridge_connected", help: "Is the bridge up", type: "gauge", value: state === "connected" ? 1 : 0, labels },
					{
						name: "bridge_forwarded_out_total",
						help: "Messages taken by the other broker",
						type: "counter",
						value: forwardedOut,
						labels,
					},
					{ name: "bridge_forwarded_in_total", help: "Messages taken from it", type: "counter", value: forwardedIn, labels },
					{ name: "bridge_waiting", help: "Messages that wait", type: "gauge", value: waiting, labels },
					{ name: "bridge_dropped_total", help: "Messages given up for want of room", type: "counter", value: dropped, labels },
					{
						name: "bridge_loops_total",
						help: "Messages stopped that had been here before",
						type: "counter",
						value: loops,
						labels,
					},
				];
			},
		},
	};
}

function hopsOf(properties: MessageProperties | undefined): readonly string[] {
	const found = properties?.userProperties?.[hopProperty];
	return found === undefined ? [] : Array.isArray(found) ? found : [found];
}
