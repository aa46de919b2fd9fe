import {
	asMillwrightError,
	type Clock,
	type Log,
	type MessageProperties,
	type OutgoingMessage,
	type Timer,
} from "@millwright/core";
import { createBackoff } from "@millwright/runtime";
import { connect, type IConnackPacket, type IPublishPacket, type MqttClient } from "mqtt";
import { holdAcknowledgements } from "./held-acknowledgements.ts";
import { Outbox, type Waiting } from "./outbox.ts";
import { fromWire, toWire } from "./properties.ts";

/** Where a broker outside is, and as whom one goes there. */
export interface OutsideBroker {
	/** mqtt://, mqtts://, ws:// or wss://. */
	url: string;
	/** The id of the session that the broker keeps; one client at a time. */
	clientId: string;
	credentials?: { username: string; password?: string };
	/** PEM. `ca` replaces the machine's own list. */
	tls?: { ca?: string | Buffer; cert?: string | Buffer; key?: string | Buffer };
	/** What may wait while the broker is away or slow. */
	queue: { messages: number; bytes: number };
}

export interface ArrivedMessage {
	topic: string;
	payload: Buffer;
	qos: 0 | 1 | 2;
	retain: boolean;
	properties?: MessageProperties;
	/** Of the subscriptions it came for; undefined where the broker does not say. */
	subscriptions: readonly number[] | undefined;
}

/** What has to happen first: before it is acknowledged, and before anything more is read. */
export interface Waits {
	stored?: Promise<unknown> | undefined;
	room?: Promise<unknown> | undefined;
}

export interface LinkSubscription {
	/** 1 to 268,435,455; comes back with each message. */
	id: number;
	filter: string;
	qos: 0 | 1;
	/** Keeps the publisher's retain flag; without it the flag tells what the broker had kept from before. */
	retainAsPublished: boolean;
}

const sessionSeconds = 86_400;
/** Unacknowledged messages and bytes under way at once, whatever more the broker allows. */
const mostUnderWay = 1000;
const mostBytesUnderWay = 4_194_304;
/** Received and not yet acknowledged by us. */
const mostUnsettled = 2000;
const keepAliveSeconds = 20;
const drainMs = 2000;
/** Of a PUBLISH, beside topic and payload; properties come on top. */
const packetOverhead = 32;

/** A connection to a broker outside that comes back by itself; what must arrive is sent again until it is acknowledged. */
export class Link {
	readonly #about: OutsideBroker;
	readonly #clock: Clock;
	readonly #log: Log;
	readonly #onMessage: (message: ArrivedMessage) => Waits | undefined;
	readonly #onConnected: () => void;
	readonly #more: () => OutgoingMessage | undefined;
	readonly #subscriptions = new Map<number, LinkSubscription>();
	readonly #refused = new Set<string>();
	readonly #underWay = new Set<Waiting>();
	readonly #backoff = createBackoff({ first: 250, longest: 30_000 });
	readonly outbox: Outbox;
	readonly counts = { sent: 0, received: 0, bytesSent: 0, bytesReceived: 0, refused: 0, expired: 0, failed: 0, connections: 0 };
	#client: MqttClient | undefined;
	#connected = false;
	#stopped = true;
	#bytesUnderWay = 0;
	#window = mostUnderWay;
	#maxPacketBytes = Number.POSITIVE_INFINITY;
	#highestQos: 0 | 1 | 2 = 2;
	#mayRetain = true;
	#retry: Timer | undefined;
	#tried: () => void = () => {};
	#idle: () => void = () => {};
	/** Since when it is as it is, ms since 1970. */
	sinceMs = 0;
	/** Why it is away. */
	reason = "not started";

	constructor(options: {
		about: OutsideBroker;
		clock: Clock;
		log: Log;
		onMessage: (message: ArrivedMessage) => Waits | undefined;
		onConnected?: () => void;
		/** Asked for one more whenever nothing waits. */
		more?: () => OutgoingMessage | undefined;
	}) {
		this.#about = options.about;
		this.#clock = options.clock;
		this.#log = options.log;
		this.#onMessage = options.onMessage;
		this.#onConnected = options.onConnected ?? (() => {});
		this.#more = options.more ?? (() => undefined);
		this.outbox = new Outbox(options.about.queue);
	}

	get isConnected(): boolean {
		return this.#connected;
	}

	/** Waiting, and sent without an answer yet. */
	get waiting(): number {
		return this.outbox.messages + this.#underWay.size;
	}

	get refusedFilters(): readonly string[] {
		return [...this.#refused];
	}

	/** Comes back after the first try, whether it succeeded or not. */
	async start(): Promise<void> {
		if (!this.#stopped) return;
		this.#stopped = false;
		this.sinceMs = this.#clock.nowMs();
		const tried = new Promise<void>((resolve) => {
			this.#tried = resolve;
		});
		this.#dial();
		await tried;
	}

	async stop(): Promise<void> {
		if (this.#stopped) return;
		if (this.#connected && this.waiting > 0) await this.#drained();
		this.#stopped = true;
		this.#retry?.cancel();
		const client = this.#client;
		this.#left("stopped");
		await client?.endAsync().catch(() => {});
	}

	publish(message: OutgoingMessage): void {
		this.outbox.add(message, { away: !this.#connected, nowMs: this.#clock.monotonicMs() });
		if (this.#connected) this.#pump();
	}

	subscribe(subscription: LinkSubscription): void {
		this.#subscriptions.set(subscription.id, subscription);
		if (this.#connected) this.#ask(subscription);
	}

	unsubscribe(id: number): void {
		const known = this.#subscriptions.get(id);
		if (known === undefined) return;
		this.#subscriptions.delete(id);
		this.#refused.delete(known.filter);
		if (this.#connected) this.#client?.unsubscribe(known.filter, () => {});
	}

	#dial(): void {
		const { url, clientId, credentials, tls } = this.#about;
		let client: MqttClient;
		try {
			client = connect(url, {
				protocolVersion: 5,
				clientId,
				clean: false,
				reconnectPeriod: 0,
				keepalive: keepAliveSeconds,
				connectTimeout: 10_000,
				resubscribe: false,
				properties: { sessionExpiryInterval: sessionSeconds, receiveMaximum: mostUnsettled },
				...(credentials === undefined ? {} : credentials),
				...(tls === undefined ? {} : tls),
			});
		} catch (thrown) {
			this.#away(asMillwrightError(thrown).message);
			return;
		}
		this.#client = client;
		const current = (): boolean => this.#client === client;
		const held = holdAcknowledgements(client, (error) => {
			this.#log.warn("A message could not be kept; the connection begins anew so that it comes again", { error: String(error) });
			client.end(true);
		});
		let why = "";
		let room: Promise<unknown> | undefined;
		// Called after the message was heard; nothing more is read before it is answered.
		client.handleMessage = (_packet, done) => {
			const goOn = (): void => done();
			if (room === undefined) goOn();
			else room.then(goOn, goOn);
			room = undefined;
		};
		client.on("connect", (connack) => current() && this.#arrived(connack));
		client.on("message", (topic, payload, packet) => {
			const waits = current() ? this.#hear(topic, payload, packet) : undefined;
			room = waits?.room;
			held(packet.messageId, waits?.stored);
		});
		client.on("error", (error) => {
			why ||= error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
		});
		client.on("disconnect", ({ reasonCode, properties }) => {
			why ||= disconnectReason(reasonCode ?? 0, properties?.reasonString);
		});
		client.on("close", () => {
			if (current()) this.#away(why || "the connection was closed");
		});
	}

	#arrived(connack: IConnackPacket): void {
		const { receiveMaximum, maximumPacketSize, maximumQoS, retainAvailable } = connack.properties ?? {};
		this.#window = Math.min(mostUnderWay, receiveMaximum ?? mostUnderWay);
		this.#maxPacketBytes = maximumPacketSize ?? Number.POSITIVE_INFINITY;
		this.#highestQos = (maximumQoS ?? 2) as 0 | 1 | 2;
		this.#mayRetain = retainAvailable ?? true;
		this.#connected = true;
		this.sinceMs = this.#clock.nowMs();
		this.reason = "";
		this.counts.connections++;
		this.#backoff.reset();
		this.#log.info("Connected to the MQTT broker outside", { url: this.#about.url, waiting: this.waiting });
		for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
		this.#onConnected();
		this.#pump();
		this.#tried();
	}

	#ask({ id, filter, qos, retainAsPublished }: LinkSubscription): void {
		const client = this.#client;
		client?.subscribe(
			filter,
			{ qos, nl: true, rap: retainAsPublished, rh: 0, properties: { subscriptionIdentifier: id } },
			(error, granted) => {
				if (client !== this.#client) return;
				const code = granted?.[0]?.qos ?? 0;
				if (error === null && code < 128) {
					this.#refused.delete(filter);
					return;
				}
				this.#refused.add(filter);
				this.#log.warn("The broker outside refuses a subscription", { filter, reason: error?.message ?? `code ${code}` });
			},
		);
	}

	#hear(topic: string, payload: Buffer, packet: IPublishPacket): Waits | undefined {
		this.counts.received++;
		this.counts.bytesReceived += payload.length;
		const ids = packet.properties?.subscriptionIdentifier as number | number[] | undefined;
		const properties = fromWire(packet.properties);
		try {
			return this.#onMessage({
				topic,
				payload,
				qos: packet.qos,
				retain: packet.retain,
				...(properties === undefined ? {} : { properties }),
				subscriptions: ids === undefined ? undefined : Array.isArray(ids) ? ids : [ids],
			});
		} catch (error) {
			this.#log.error("A message from the broker outside could not be handled", { topic, error: String(error) });
			return undefined;
		}
	}

	#away(reason: string): void {
		const was = this.#connected;
		this.#left(reason);
		if (this.#stopped) return;
		if (was || this.reason !== reason) this.#log.warn("The MQTT broker outside is away", { url: this.#about.url, reason });
		if (was) this.sinceMs = this.#clock.nowMs();
		this.reason = reason;
		this.#tried();
		this.#retry = this.#clock.after(this.#backoff.next(), () => this.#dial());
	}

	#left(reason: string): void {
		this.reason = reason;
		this.#connected = false;
		this.#client = undefined;
		this.#bytesUnderWay = 0;
		// In order of sending: a set keeps the order in which they went in.
		if (this.#underWay.size > 0) this.outbox.putBack([...this.#underWay].filter(({ qos }) => qos > 0));
		this.#underWay.clear();
		this.#idle();
	}

	#pump(): void {
		while (this.#connected && this.#underWay.size < this.#window && this.#bytesUnderWay < mostBytesUnderWay) {
			const next = this.outbox.take();
			if (next !== undefined) {
				this.#send(next);
				continue;
			}
			const more = this.#more();
			if (more === undefined) return;
			this.outbox.add(more, { away: false, nowMs: this.#clock.monotonicMs() });
		}
	}

	#send(waiting: Waiting): void {
		const client = this.#client as MqttClient;
		const nowMs = this.#clock.monotonicMs();
		if (nowMs >= waiting.expiresAt) {
			this.counts.expired++;
			return;
		}
		const payload = this.#bytesOf(waiting);
		if (payload === undefined) return;
		const bytes = waiting.topic.length + payload.length;
		if (bytes + packetOverhead > this.#maxPacketBytes) {
			this.counts.refused++;
			this.#log.warn("A message is larger than the broker outside takes", { topic: waiting.topic, bytes });
			return;
		}
		const seconds = Number.isFinite(waiting.expiresAt) ? Math.max(1, Math.ceil((waiting.expiresAt - nowMs) / 1000)) : undefined;
		const properties = toWire(waiting.properties, seconds);
		this.#underWay.add(waiting);
		this.#bytesUnderWay += bytes;
		client.publish(
			waiting.topic,
			Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
			{
				qos: Math.min(waiting.qos, this.#highestQos) as 0 | 1 | 2,
				retain: waiting.retain && this.#mayRetain,
				...(properties === undefined ? {} : { properties }),
			},
			(error) => {
				// Of a connection that ended: it was put back, or was not to arrive for certain.
				if (client !== this.#client || !this.#underWay.has(waiting)) return;
				const refused = error !== undefined && error !== null;
				if (refused && !isAnswer(error)) return;
				this.#underWay.delete(waiting);
				this.#bytesUnderWay -= bytes;
				if (refused) {
					this.counts.refused++;
					this.#log.debug("The broker outside refused a message", { topic: waiting.topic, reason: error.message });
				} else {
					this.counts.sent++;
					this.counts.bytesSent += bytes;
				}
				this.#pump();
				if (this.waiting === 0) this.#idle();
			},
		);
	}

	#bytesOf(waiting: Waiting): Uint8Array | undefined {
		if (typeof waiting.payload !== "function") return waiting.payload;
		try {
			const made = waiting.payload();
			waiting.payload = made;
			return made;
		} catch (error) {
			this.counts.failed++;
			this.#log.error("A payload could not be made", { topic: waiting.topic, error: String(error) });
			return undefined;
		}
	}

	/** What is under way gets a moment to be acknowledged. */
	async #drained(): Promise<void> {
		let late: Timer | undefined;
		await new Promise<void>((resolve) => {
			this.#idle = resolve;
			late = this.#clock.after(drainMs, resolve);
		});
		late?.cancel();
		this.#idle = () => {};
	}
}

/** Did the broker answer no, or did the connection end? */
const isAnswer = (error: Error): boolean => {
	const { code } = error as { code?: unknown };
	return typeof code === "number" && code >= 128;
};

const reasons: Record<number, string> = {
	135: "not authorized",
	139: "the broker is shutting down",
	141: "nothing was heard in time",
	142: "another client uses the same client id",
	147: "more was under way than the broker allows",
	149: "a packet was too large",
	151: "a quota was exceeded",
	152: "an administrator ended it",
};

const disconnectReason = (code: number, said: string | undefined): string =>
	said ?? reasons[code] ?? `the broker ended the connection with code ${code}`;
