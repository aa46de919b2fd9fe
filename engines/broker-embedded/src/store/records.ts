/** A message as it is kept: once, however many sessions it waits in. */
export interface KeptMessage {
	number: number;
	topic: string;
	qos: 0 | 1 | 2;
	retain: boolean;
	/** Ms since 1970; Infinity where it never expires. */
	expiresAtMs: number;
	/** Who sent it; both empty for the process itself. */
	clientId: string;
	principal: string;
	/** MQTT 5 properties as bytes. */
	forward: Buffer;
	payload: Buffer;
}

export interface KeptSubscription {
	/** As the client wrote it. */
	key: string;
	qos: 0 | 1 | 2;
	noLocal: boolean;
	retainAsPublished: boolean;
	/** 0 where there is none. */
	id: number;
}

export interface KeptEntry {
	/** Within its session, ascending. */
	order: number;
	/** Number of the message. */
	message: number;
	qos: 1 | 2;
	retain: boolean;
	ids: readonly number[];
	/** Key of the shared subscription it came by; empty for none. */
	group: string;
}

export interface KeptWill {
	principal: string;
	clientId: string;
	topic: string;
	payload: Buffer;
	qos: 0 | 1 | 2;
	retain: boolean;
	delaySeconds: number;
	/** Infinity where it never expires. */
	expirySeconds: number;
	forward: Buffer;
}

export interface KeptSession {
	number: number;
	principal: string;
	clientId: string;
	expirySeconds: number;
	/** Ms since 1970 when its connection ended; 0 while it is connected. */
	awayMs: number;
}

/** Everything the journal can say. The encoder writes it, the state applies it, and a snapshot says it again. */
export interface Recorder {
	session(session: KeptSession): void;
	sessionEnded(session: number): void;
	subscribed(session: number, subscription: KeptSubscription): void;
	unsubscribed(session: number, key: string): void;
	message(message: KeptMessage): void;
	queued(session: number, entry: KeptEntry): void;
	/** It goes to the client under this identifier. */
	sent(session: number, order: number, packetId: number): void;
	/** QoS 2: the client has it. */
	released(session: number, order: number): void;
	done(session: number, order: number): void;
	/** QoS 2: an identifier the client has used and not released. */
	received(session: number, packetId: number): void;
	receivedGone(session: number, packetId: number): void;
	/** The message's topic retains it. */
	retained(message: number): void;
	cleared(topic: string): void;
	will(will: KeptWill): void;
	willGone(principal: string, clientId: string): void;
}

/** First byte of each record. Numbers are never used again for something else. */
export const recordType = {
	session: 1,
	sessionEnded: 2,
	subscribed: 3,
	unsubscribed: 4,
	message: 5,
	queued: 6,
	sent: 7,
	released: 8,
	done: 9,
	received: 10,
	receivedGone: 11,
	retained: 12,
	cleared: 13,
	will: 14,
	willGone: 15,
} as const;
