import type { OutgoingMessage } from "@millwright/core";

/** A message on its way out. */
export interface Waiting {
	topic: string;
	payload: Uint8Array | (() => Uint8Array);
	readonly qos: 0 | 1 | 2;
	readonly retain: boolean;
	properties: OutgoingMessage["properties"];
	/** Of topic and payload; of a payload that is not made yet, a guess. */
	bytes: number;
	/** Order of arrival. */
	readonly number: number;
	/** Monotonic ms; Infinity where it never expires. */
	readonly expiresAt: number;
}

const guessedBytes = 512;

/** First in, first out, without moving what waits. */
class Line {
	#items: (Waiting | undefined)[] = [];
	#head = 0;
	get first(): Waiting | undefined {
		return this.#items[this.#head];
	}
	push(item: Waiting): void {
		this.#items.push(item);
	}
	shift(): Waiting | undefined {
		const item = this.#items[this.#head];
		if (item === undefined) return undefined;
		this.#items[this.#head++] = undefined;
		if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
			this.#items = this.#items.slice(this.#head);
			this.#head = 0;
		}
		return item;
	}
	putBack(items: readonly Waiting[]): void {
		this.#items = [...items, ...this.#items.slice(this.#head)];
		this.#head = 0;
	}
}

/**
 * What waits to be sent, bounded in number and bytes. Full, it drops the oldest message of QoS 0; where only assured ones wait,
 * the newcomer. While the broker is away, a retained topic of QoS 0 keeps only its newest value.
 */
export class Outbox {
	readonly #most: { messages: number; bytes: number };
	readonly #assured = new Line();
	readonly #passing = new Line();
	readonly #byTopic = new Map<string, Waiting>();
	#numbers = 0;
	messages = 0;
	bytes = 0;
	/** Since start: given up for want of room, and of these the ones that were to arrive for certain. */
	dropped = 0;
	droppedAssured = 0;
	/** Values that a newer one of the same topic took the place of. */
	replaced = 0;

	constructor(most: { messages: number; bytes: number }) {
		this.#most = most;
	}

	/** False when the message itself found no room. */
	add(message: OutgoingMessage, { away, nowMs }: { away: boolean; nowMs: number }): boolean {
		const { topic, payload, properties, qos = 0, retain = false } = message;
		const keepsNewest = away && retain && qos === 0;
		if (keepsNewest) {
			const held = this.#byTopic.get(topic);
			if (held !== undefined) {
				const bytes = sizeOf(message);
				this.bytes += bytes - held.bytes;
				Object.assign(held, { payload, properties, bytes });
				this.replaced++;
				return true;
			}
		}
		const bytes = sizeOf(message);
		if (!this.#makeRoom(bytes)) {
			this.#drop(qos);
			return false;
		}
		const expiry = properties?.messageExpirySeconds;
		const expiresAt = expiry === undefined ? Number.POSITIVE_INFINITY : nowMs + expiry * 1000;
		const waiting: Waiting = { topic, payload, qos, retain, properties, bytes, number: this.#numbers++, expiresAt };
		(qos > 0 ? this.#assured : this.#passing).push(waiting);
		if (keepsNewest) this.#byTopic.set(topic, waiting);
		this.messages++;
		this.bytes += bytes;
		return true;
	}

	/** The next in order of arrival. */
	take(): Waiting | undefined {
		const a = this.#assured.first;
		const p = this.#passing.first;
		const line = a === undefined || (p !== undefined && p.number < a.number) ? this.#passing : this.#assured;
		return this.#left(line.shift());
	}

	/** Sent, but never acknowledged: first again, in their order. */
	putBack(unacknowledged: readonly Waiting[]): void {
		this.#assured.putBack(unacknowledged);
		this.messages += unacknowledged.length;
		for (const { bytes } of unacknowledged) this.bytes += bytes;
	}

	#left(item: Waiting | undefined): Waiting | undefined {
		if (item === undefined) return undefined;
		this.messages--;
		this.bytes -= item.bytes;
		if (this.#byTopic.get(item.topic) === item) this.#byTopic.delete(item.topic);
		return item;
	}

	#makeRoom(bytes: number): boolean {
		while (this.messages >= this.#most.messages || this.bytes + bytes > this.#most.bytes) {
			if (this.#left(this.#passing.shift()) === undefined) return false;
			this.#drop(0);
		}
		return true;
	}

	#drop(qos: 0 | 1 | 2): void {
		this.dropped++;
		if (qos > 0) this.droppedAssured++;
	}
}

const sizeOf = ({ topic, payload }: OutgoingMessage): number =>
	topic.length + (typeof payload === "function" ? guessedBytes : payload.length);
