import type { BrokerAuthenticator, BrokerFigures, Clock, IncomingMessage, Log, OutgoingMessage } from "@millwright/core";
import { Conversations } from "./conversations.ts";
import type { BrokerLimits } from "./limits.ts";
import { fixedLimits } from "./limits.ts";
import { lower, Message } from "./message.ts";
import { type ClientPolicy, createPolicies } from "./policies.ts";
import { Reason } from "./reason-codes.ts";
import { RetainedKeeping } from "./retained-keeping.ts";
import { type Listener, nobody, Routes, type SharedTarget, type TopicEntry } from "./routes.ts";
import type { Session } from "./session.ts";
import type { SharedGroup } from "./shared-group.ts";
import type { Journal } from "./store/journal.ts";
import { isTopicName } from "./topic-names.ts";
import { Turn } from "./turn.ts";

/** A client's publish, seen before anybody receives it. */
export interface ExternalMessage {
	topic: string;
	/** A view that is only valid during the call. */
	payload: Uint8Array;
	qos: 0 | 1 | 2;
	retain: boolean;
	client: { id: string; principal: string };
}

/**
 * `retain` overrides what the client asked for; the acknowledgement waits for `stored`, and its rejection is told the
 * publisher, who is read no further until there is `room`. A refusal is an MQTT 5 reason code; nobody receives the message.
 */
export type ExternalVerdict =
	| "accept"
	| { retain: boolean; stored?: Promise<void> | undefined; room?: Promise<void> | undefined }
	| { refuse: number; reason?: string };

export interface CoreOptions {
	authenticate: BrokerAuthenticator;
	limits: BrokerLimits;
	policies?: readonly ClientPolicy[] | undefined;
	clock: Clock;
	log: Log;
	/** Where sessions and retained messages survive the process. */
	journal?: Journal | undefined;
	onExternalPublish?: ((message: ExternalMessage) => ExternalVerdict) | undefined;
}

/** Publishes made by listeners during a publish; more than this in one turn waits for the next. */
const nestedPerTurn = 10_000;
const nestedLimit = 200_000;

/** What every connection shares: routes, counters, and the way of a message from publisher to receivers. */
export class BrokerCore {
	readonly authenticate: BrokerAuthenticator;
	readonly limits: BrokerLimits;
	/** What one client may. */
	readonly limitsOf: ReturnType<typeof createPolicies>;
	/** Connections that are in, by principal. */
	readonly present = new Map<string, number>();
	readonly clock: Clock;
	readonly log: Log;
	readonly routes: Routes;
	readonly journal: Journal | undefined;
	readonly conversations: Conversations;
	readonly #retainedKeeping: RetainedKeeping | undefined;
	/** Wall clock, right to the second: for figures nobody reads closer. */
	coarseNowMs: number;
	readonly turn = new Turn();
	readonly counts = {
		received: 0,
		packetsReceived: 0,
		packetsSent: 0,
		expired: 0,
		connections: 0,
		sent: 0,
		dropped: 0,
		bytesReceived: 0,
		bytesSent: 0,
		refusedConnections: 0,
		deniedTopics: 0,
		partialBytes: 0,
	};
	/** Bytes read from all clients in this turn of the event loop. */
	turnBytes = 0;
	/** Sessions that asked their publishers to pause, since it was last emptied. */
	readonly congested = new Set<Session>();
	readonly #onExternalPublish: CoreOptions["onExternalPublish"];
	#routing = false;
	#nested: Message[] = [];
	#saidRetainedFull = false;

	constructor(options: CoreOptions) {
		this.authenticate = options.authenticate;
		this.limits = options.limits;
		this.limitsOf = createPolicies(options.policies ?? [], options.limits);
		this.clock = options.clock;
		this.log = options.log;
		this.routes = new Routes(options.log);
		this.journal = options.journal;
		this.#retainedKeeping = options.journal === undefined ? undefined : new RetainedKeeping(options.journal);
		this.coarseNowMs = options.clock.nowMs();
		this.conversations = new Conversations({ clock: options.clock, log: options.log });
		this.#onExternalPublish = options.onExternalPublish;
	}

	figures(clients: number): BrokerFigures {
		const { received, sent, dropped, bytesReceived, bytesSent, refusedConnections, deniedTopics } = this.counts;
		return {
			clients,
			subscriptions: this.routes.subscriptions,
			retained: this.routes.retainedCount,
			received,
			sent,
			dropped,
			bytesReceived,
			bytesSent,
			refusedConnections,
			deniedTopics,
		};
	}

	/** From this process. */
	publish(out: OutgoingMessage): void {
		const expiry = out.properties?.messageExpirySeconds;
		this.route(
			new Message({
				topic: out.topic,
				payload: out.payload,
				qos: out.qos ?? 0,
				retain: out.retain ?? false,
				keep: out.retain && out.durable ? "now" : "no",
				publisher: undefined,
				source: undefined,
				expiresAt: expiry === undefined ? Number.POSITIVE_INFINITY : this.clock.monotonicMs() + expiry * 1000,
				properties: out.properties,
				forward: undefined,
				frame3: undefined,
				frame5: undefined,
			}),
		);
	}

	/** Topic order; a payload that cannot be made is left out. */
	retained(filter: string, limit: number): { topic: string; payload: Uint8Array }[] {
		const nowMs = this.clock.monotonicMs();
		const found: { topic: string; payload: Uint8Array }[] = [];
		// Payloads made now stay as they are.
		this.routes.hearing++;
		const entries = this.routes.retainedMatching(filter).sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0));
		for (const { topic, retained } of entries) {
			if (found.length >= limit) break;
			if (retained === undefined || retained.isExpired(nowMs)) continue;
			try {
				found.push({ topic, payload: retained.payload });
			} catch (error) {
				this.log.error("A retained payload could not be made", { topic, error: String(error) });
			}
		}
		return found;
	}

	/** What the product makes of a client's message before anybody receives it. */
	judge(message: ExternalMessage): ExternalVerdict {
		if (this.#onExternalPublish === undefined) return "accept";
		try {
			return this.#onExternalPublish(message);
		} catch (error) {
			this.log.error("The check of a client's message failed; the message is refused", {
				topic: message.topic,
				client: message.client.id,
				error: String(error),
			});
			return { refuse: Reason.unspecified };
		}
	}

	/** May this much more be retained for clients? */
	mayRetain(topic: string, bytes: number): boolean {
		const known = this.routes.find(topic)?.retained !== undefined;
		return (
			(known || this.routes.retainedCount < this.limits.maxRetained) &&
			this.routes.retainedBytes + bytes <= fixedLimits.retainedBytes
		);
	}

	/** Records said to the journal so far; grows where a message was promised to be kept. */
	get position(): number {
		return this.journal?.position ?? 0;
	}

	/** Runs when all that was said to the journal is on disk. */
	kept(run: () => void): void {
		if (this.journal === undefined) run();
		else this.journal.after(run);
	}

	/** Would a message of QoS 1 or 2, or its identifier, have to be kept, while nothing can be? */
	cannotKeep(topic: string, retain: boolean, identifier: boolean): boolean {
		if (this.journal === undefined || this.journal.refusal === undefined) return false;
		if (retain || identifier) return true;
		const { targets, shared } = this.routes.routeOf(this.routes.entry(topic));
		return (
			targets.some(({ session, qos }) => qos > 0 && session.journal !== undefined) ||
			shared.some(({ candidates }) => candidates.some(({ session, qos }) => qos > 0 && session.journal !== undefined))
		);
	}

	/** Once a second. */
	tick(): void {
		this.coarseNowMs = this.clock.nowMs();
		this.#retainedKeeping?.flush();
	}

	/** A topic's retained message has expired, or cannot be made. */
	forgetRetained(entry: TopicEntry): void {
		this.#retain(entry, undefined);
	}

	/** As the journal remembered it. */
	restoreRetained(message: Message): void {
		if (!isTopicName(message.topic) && !message.topic.startsWith("$")) return;
		const entry = this.routes.entry(message.topic);
		this.routes.retain(entry, message);
		this.#retainedKeeping?.restored(entry, message);
	}

	#retain(entry: TopicEntry, message: Message | undefined): void {
		this.routes.retain(entry, message);
		if (this.#retainedKeeping !== undefined && (entry.kept !== undefined || (message !== undefined && message.keep !== "no")))
			this.#retainedKeeping.changed(entry);
	}

	/** What a session leaves that shared its subscription goes to the others. */
	handOver(from: Session, mayGo: (group: SharedGroup) => boolean): void {
		for (const queued of from.outgoing.takeShared(mayGo)) {
			const group = this.routes.groups.find(queued.group?.key ?? "");
			const { message } = queued;
			const candidates = [...(group?.members ?? [])].filter(
				({ session }) => session !== from && session.rights.mayReceive(message.topic),
			);
			const heir = candidates.length === 0 ? undefined : group?.pick(candidates);
			if (heir === undefined) from.drop();
			else heir.session.send(message, queued.qos, queued.retain, heir.id === undefined ? undefined : [heir.id], heir.group);
		}
	}

	/** To everybody who listens. A listener that publishes does not nest: its message follows when this one is through. */
	route(message: Message): void {
		if (this.#routing) {
			if (this.#nested.length >= nestedLimit) this.counts.dropped++;
			else this.#nested.push(message);
			return;
		}
		this.#routing = true;
		try {
			this.#deliver(message);
			if (this.#nested.length > 0) this.#deliverNested();
		} finally {
			this.#routing = false;
		}
	}

	#deliverNested(): void {
		const nested = this.#nested;
		let at = 0;
		while (at < nested.length && at < nestedPerTurn) this.#deliver(nested[at++] as Message);
		this.#nested = nested.slice(at);
		const next = this.#nested[0];
		if (next !== undefined)
			this.turn.after(() => {
				this.#nested.shift();
				this.route(next);
			});
	}

	#deliver(message: Message): void {
		let entry = this.routes.find(message.topic);
		if (entry === undefined) {
			if (!isTopicName(message.topic)) {
				this.log.warn("A message for an impossible topic was dropped", { topic: message.topic.slice(0, 200) });
				return;
			}
			entry = this.routes.entry(message.topic);
		}
		const route = this.routes.routeOf(entry);
		if (message.retain) {
			if (message.clears) this.#retain(entry, undefined);
			else if (entry.retained !== undefined || this.routes.retainedCount < this.limits.maxRetained) this.#retain(entry, message);
			else this.#sayRetainedFull(message.topic);
		}
		if (route === nobody) return;
		try {
			// Made here, so that a failing function harms its own message only.
			void message.payload;
		} catch (error) {
			this.log.error("A payload could not be made; its message was dropped", { topic: message.topic, error: String(error) });
			if (entry.retained === message) this.#retain(entry, undefined);
			return;
		}
		for (const target of route.targets) {
			try {
				target.session.deliver(message, target);
			} catch (error) {
				this.log.error("A message could not be sent", { topic: message.topic, error: String(error) });
			}
		}
		for (const target of route.shared) this.#deliverShared(target, message);
		for (const listener of route.listeners) this.#tell(listener, message);
	}

	#deliverShared({ group, candidates }: SharedTarget, message: Message): void {
		const one = group.pick(candidates);
		if (one === undefined) return;
		const qos = lower(message.qos, one.qos);
		try {
			one.session.send(message, qos, one.retainAsPublished && message.retain, one.id === undefined ? undefined : [one.id], group);
		} catch (error) {
			this.log.error("A message could not be sent", { topic: message.topic, error: String(error) });
		}
	}

	#tell(listener: Listener, message: Message): void {
		const incoming: IncomingMessage = {
			topic: message.topic,
			payload: message.payload,
			qos: message.qos,
			retain: message.retain,
		};
		const { properties, source } = message;
		if (properties !== undefined) incoming.properties = properties;
		if (source !== undefined) incoming.client = source;
		try {
			listener.handler(incoming);
		} catch (error) {
			this.log.error(`A listener of ${listener.owner} failed on a message`, {
				owner: listener.owner,
				topic: message.topic,
				error: error instanceof Error ? (error.stack ?? error.message) : String(error),
			});
		}
	}

	#sayRetainedFull(topic: string): void {
		if (this.#saidRetainedFull) return;
		this.#saidRetainedFull = true;
		this.log.warn("No more topics are retained: the limit is reached", { limit: this.limits.maxRetained, topic });
	}
}
