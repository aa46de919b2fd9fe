import type { KeptEntry, KeptMessage, KeptSession, KeptSubscription, KeptWill, Recorder } from "./records.ts";

export interface EntryState extends KeptEntry {
	/** 0 until it has gone to the client. */
	packetId: number;
	/** Ascending over everything sent. */
	sentAt: number;
	released: boolean;
}

export interface SessionState extends KeptSession {
	subscriptions: Map<string, KeptSubscription>;
	/** By order. */
	entries: Map<number, EntryState>;
	incoming: Set<number>;
}

/**
 * What all records together say. Records about what is not there are passed over: after damage the rest is still worth having.
 */
export class KeptState implements Recorder {
	readonly sessions = new Map<number, SessionState>();
	readonly messages = new Map<number, { message: KeptMessage; uses: number }>();
	/** Message number by topic. */
	readonly retains = new Map<string, number>();
	readonly wills = new Map<string, KeptWill>();
	#sent = 0;

	session(session: KeptSession): void {
		const known = this.sessions.get(session.number);
		if (known !== undefined) Object.assign(known, session);
		else this.sessions.set(session.number, { ...session, subscriptions: new Map(), entries: new Map(), incoming: new Set() });
	}

	sessionEnded(number: number): void {
		const session = this.sessions.get(number);
		if (session === undefined) return;
		for (const { message } of session.entries.values()) this.#letGo(message);
		this.sessions.delete(number);
	}

	subscribed(session: number, subscription: KeptSubscription): void {
		this.sessions.get(session)?.subscriptions.set(subscription.key, subscription);
	}

	unsubscribed(session: number, key: string): void {
		this.sessions.get(session)?.subscriptions.delete(key);
	}

	message(message: KeptMessage): void {
		this.messages.set(message.number, { message, uses: 0 });
	}

	queued(session: number, entry: KeptEntry): void {
		const found = this.sessions.get(session);
		const message = this.messages.get(entry.message);
		if (found === undefined || message === undefined) return;
		const before = found.entries.get(entry.order);
		message.uses++;
		found.entries.set(entry.order, { ...entry, packetId: 0, sentAt: 0, released: false });
		if (before !== undefined) this.#letGo(before.message);
	}

	sent(session: number, order: number, packetId: number): void {
		const entry = this.sessions.get(session)?.entries.get(order);
		if (entry === undefined) return;
		entry.packetId = packetId;
		entry.sentAt = ++this.#sent;
	}

	released(session: number, order: number): void {
		const entry = this.sessions.get(session)?.entries.get(order);
		if (entry !== undefined) entry.released = true;
	}

	done(session: number, order: number): void {
		const entries = this.sessions.get(session)?.entries;
		const entry = entries?.get(order);
		if (entry === undefined) return;
		entries?.delete(order);
		this.#letGo(entry.message);
	}

	received(session: number, packetId: number): void {
		this.sessions.get(session)?.incoming.add(packetId);
	}

	receivedGone(session: number, packetId: number): void {
		this.sessions.get(session)?.incoming.delete(packetId);
	}

	retained(number: number): void {
		const found = this.messages.get(number);
		if (found === undefined) return;
		found.uses++;
		const before = this.retains.get(found.message.topic);
		this.retains.set(found.message.topic, number);
		if (before !== undefined) this.#letGo(before);
	}

	cleared(topic: string): void {
		const before = this.retains.get(topic);
		if (before === undefined) return;
		this.retains.delete(topic);
		this.#letGo(before);
	}

	will(will: KeptWill): void {
		this.wills.set(`${will.principal}\n${will.clientId}`, will);
	}

	willGone(principal: string, clientId: string): void {
		this.wills.delete(`${principal}\n${clientId}`);
	}

	#letGo(number: number): void {
		const found = this.messages.get(number);
		if (found !== undefined && --found.uses <= 0) this.messages.delete(number);
	}

	/** Says everything again, in as few records as there are facts. */
	retell(to: Recorder): void {
		for (const { message, uses } of this.messages.values()) if (uses > 0) to.message(message);
		for (const number of this.retains.values()) to.retained(number);
		for (const session of this.sessions.values()) {
			to.session(session);
			for (const subscription of session.subscriptions.values()) to.subscribed(session.number, subscription);
			for (const packetId of session.incoming) to.received(session.number, packetId);
			for (const entry of session.entries.values()) to.queued(session.number, entry);
			for (const { order, packetId, released } of inflightOf(session)) {
				to.sent(session.number, order, packetId);
				if (released) to.released(session.number, order);
			}
		}
		for (const will of this.wills.values()) to.will(will);
	}
}

/** What has gone to the client, in the order it went. */
export const inflightOf = (session: SessionState): EntryState[] =>
	[...session.entries.values()].filter(({ packetId }) => packetId > 0).sort((a, b) => a.sentAt - b.sentAt);

/** What has not, in the order it came. */
export const waitingOf = (session: SessionState): EntryState[] =>
	[...session.entries.values()].filter(({ packetId }) => packetId === 0).sort((a, b) => a.order - b.order);
