import {
	type KeptEntry,
	type KeptMessage,
	type KeptSession,
	type KeptSubscription,
	type KeptWill,
	type Recorder,
	recordType,
} from "./records.ts";

const smallest = 65_536;
/** A buffer that grew beyond this for one large commit is not kept. */
const largestKept = 4_194_304;

/** Writes records one behind the other, with room in front for the frame's head. Numbers are little-endian. */
export class RecordEncoder implements Recorder {
	readonly #head: number;
	#bytes = Buffer.allocUnsafe(smallest);
	#at: number;

	constructor(head: number) {
		this.#head = head;
		this.#at = head;
	}

	/** Bytes of records. */
	get length(): number {
		return this.#at - this.#head;
	}

	/** Head and records; the encoder begins anew. */
	take(): Buffer {
		const taken = this.#bytes.subarray(0, this.#at);
		const size = this.#bytes.length > largestKept ? smallest : this.#bytes.length;
		this.#bytes = Buffer.allocUnsafe(size);
		this.#at = this.#head;
		return taken;
	}

	#room(bytes: number): void {
		if (this.#at + bytes <= this.#bytes.length) return;
		const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
		this.#bytes.copy(larger, 0, 0, this.#at);
		this.#bytes = larger;
	}

	#byte(value: number): void {
		this.#bytes[this.#at++] = value;
	}

	#short(value: number): void {
		this.#at = this.#bytes.writeUInt16LE(value, this.#at);
	}

	#word(value: number): void {
		this.#at = this.#bytes.writeUInt32LE(value, this.#at);
	}

	#double(value: number): void {
		this.#at = this.#bytes.writeDoubleLE(value, this.#at);
	}

	#text(text: string): void {
		const length = Buffer.byteLength(text);
		this.#room(4 + length);
		this.#word(length);
		this.#at += this.#bytes.write(text, this.#at);
	}

	#block(block: Uint8Array): void {
		this.#room(4 + block.length);
		this.#word(block.length);
		this.#bytes.set(block, this.#at);
		this.#at += block.length;
	}

	/** Begins a record; 64 bytes are enough for its numbers. */
	#begin(type: number): void {
		this.#room(64);
		this.#byte(type);
	}

	session({ number, principal, clientId, expirySeconds, awayMs }: KeptSession): void {
		this.#begin(recordType.session);
		this.#word(number);
		this.#double(expirySeconds);
		this.#double(awayMs);
		this.#text(principal);
		this.#text(clientId);
	}

	sessionEnded(session: number): void {
		this.#begin(recordType.sessionEnded);
		this.#word(session);
	}

	subscribed(session: number, { key, qos, noLocal, retainAsPublished, id }: KeptSubscription): void {
		this.#begin(recordType.subscribed);
		this.#word(session);
		this.#byte(qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0));
		this.#word(id);
		this.#text(key);
	}

	unsubscribed(session: number, key: string): void {
		this.#begin(recordType.unsubscribed);
		this.#word(session);
		this.#text(key);
	}

	message({ number, topic, qos, retain, expiresAtMs, clientId, principal, forward, payload }: KeptMessage): void {
		this.#begin(recordType.message);
		this.#double(number);
		this.#byte(qos | (retain ? 4 : 0));
		this.#double(expiresAtMs);
		this.#text(topic);
		this.#text(clientId);
		this.#text(principal);
		this.#block(forward);
		this.#block(payload);
	}

	queued(session: number, { order, message, qos, retain, ids, group }: KeptEntry): void {
		this.#begin(recordType.queued);
		this.#word(session);
		this.#double(order);
		this.#double(message);
		this.#byte(qos | (retain ? 4 : 0));
		this.#short(ids.length);
		this.#room(ids.length * 4);
		for (const id of ids) this.#word(id);
		this.#text(group);
	}

	sent(session: number, order: number, packetId: number): void {
		this.#begin(recordType.sent);
		this.#word(session);
		this.#double(order);
		this.#short(packetId);
	}

	released(session: number, order: number): void {
		this.#begin(recordType.released);
		this.#word(session);
		this.#double(order);
	}

	done(session: number, order: number): void {
		this.#begin(recordType.done);
		this.#word(session);
		this.#double(order);
	}

	received(session: number, packetId: number): void {
		this.#begin(recordType.received);
		this.#word(session);
		this.#short(packetId);
	}

	receivedGone(session: number, packetId: number): void {
		this.#begin(recordType.receivedGone);
		this.#word(session);
		this.#short(packetId);
	}

	retained(message: number): void {
		this.#begin(recordType.retained);
		this.#double(message);
	}

	cleared(topic: string): void {
		this.#begin(recordType.cleared);
		this.#text(topic);
	}

	will({ principal, clientId, topic, payload, qos, retain, delaySeconds, expirySeconds, forward }: KeptWill): void {
		this.#begin(recordType.will);
		this.#byte(qos | (retain ? 4 : 0));
		this.#double(delaySeconds);
		this.#double(expirySeconds);
		this.#text(principal);
		this.#text(clientId);
		this.#text(topic);
		this.#block(forward);
		this.#block(payload);
	}

	willGone(principal: string, clientId: string): void {
		this.#begin(recordType.willGone);
		this.#text(principal);
		this.#text(clientId);
	}
}
