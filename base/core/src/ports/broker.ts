/** An MQTT broker as the namespace needs it; embedded, or any MQTT 5 cluster outside. */
export interface Broker {
	start(): Promise<void>;
	stop(): Promise<void>;
	/** Never blocks and never throws for a slow client: each has its own bounded queue. */
	publish(message: OutgoingMessage): void;
	/** In-process subscription. A throwing handler is logged with its owner and stops nobody. Returns the way to stop. */
	subscribe(filter: string, owner: string, handler: (message: IncomingMessage) => void): () => void;
	/** Is there a client that would receive this topic now? Lets publishers skip serialising. */
	isHeard(topic: string): boolean;
	/**
	 * Rises whenever a topic may have become heard or silent, and when a retained value was asked for. While it stays as it
	 * is, a retained message whose payload is a function need not be published again to a topic that nobody hears: who asks
	 * later gets the newest all the same. Left out where the broker cannot know.
	 */
	hearing?(): number;
	/** Retained payloads that match, topic order. */
	retained(filter: string, limit: number): { topic: string; payload: Uint8Array }[];
	clients(): BrokerClient[];
	/** Since start. */
	figures(): BrokerFigures;
	/** Who talks to whom: every principal and client with what it publishes and subscribes to, also those gone since; bounded. */
	conversations(): BrokerConversation[];
}

/** One client's part in what is said, kept over its connections so that an architecture can be drawn from it. */
export interface BrokerConversation {
	client: string;
	principal: string;
	connected: boolean;
	/** Ms since 1970 of the first and the latest sign of life. */
	firstSeenMs: number;
	lastSeenMs: number;
	/** Topics it published to, joined to filters where they are many: "udt/line-1/+/temperature". */
	publishes: { filter: string; messages: number; bytes: number; lastMs: number }[];
	subscribes: { filter: string; qos: 0 | 1 | 2; group?: string; lastMs: number }[];
}

export interface OutgoingMessage {
	topic: string;
	/** A function is called at most once, and only if somebody listens or asks for the retained value. */
	payload: Uint8Array | (() => Uint8Array);
	qos?: 0 | 1 | 2;
	retain?: boolean;
	/** Must the retained value outlive the process? Left out: no, the process publishes it again when it starts. */
	durable?: boolean;
	properties?: MessageProperties;
}

export interface MessageProperties {
	contentType?: string;
	responseTopic?: string;
	correlationData?: Uint8Array;
	messageExpirySeconds?: number;
	payloadFormatIndicator?: boolean;
	userProperties?: Record<string, string | string[]>;
}

export interface IncomingMessage {
	topic: string;
	payload: Uint8Array;
	qos: 0 | 1 | 2;
	retain: boolean;
	properties?: MessageProperties;
	/** Who sent it; undefined for the process itself. */
	client?: { id: string; principal: string };
}

export interface BrokerClient {
	id: string;
	principal: string;
	address: string;
	protocol: "mqtt" | "mqtt-ws";
	version: 3 | 4 | 5;
	connectedAtMs: number;
	subscriptions: readonly string[];
	queuedBytes: number;
	queuedMessages: number;
	droppedMessages: number;
	received: number;
	sent: number;
}

export interface BrokerFigures {
	clients: number;
	subscriptions: number;
	retained: number;
	received: number;
	sent: number;
	dropped: number;
	bytesReceived: number;
	bytesSent: number;
	refusedConnections: number;
	/** Publishes and subscriptions refused by topic rights. */
	deniedTopics: number;
}

/** What an MQTT client showed when it knocked. */
export interface BrokerCredentials {
	clientId: string;
	username?: string;
	password?: Uint8Array;
	address: string;
	secure: boolean;
	/** Common name of a verified client certificate. */
	certificateName?: string;
}

/** What an admitted client may do; asked on every new topic, so answer from memory. */
export interface BrokerRights {
	/** Principal id, for lists and audit. */
	principal: string;
	/** Of whom it belongs to, where there are any: limits may differ by them. */
	roles?: readonly string[];
	mayPublish(topic: string): boolean;
	/** Of a filter, at SUBSCRIBE. */
	maySubscribe(filter: string): boolean;
	/** Of a topic, at delivery: wildcards never widen what a client may see. */
	mayReceive(topic: string): boolean;
}

/** Undefined refuses: MQTT 5 0x86/0x87, MQTT 3.1.1 4/5. */
export type BrokerAuthenticator = (who: BrokerCredentials) => Promise<BrokerRights | undefined>;
