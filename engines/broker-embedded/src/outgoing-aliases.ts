/** More would cost memory for topics that are rarely said. */
const most = 256;

/**
 * Numbers this broker gives topics on one connection, up to what the client allows: the first topics said keep theirs.
 * A number counts as given only once its packet was really written. Source: MQTT 5 §3.3.2.3.4.
 */
export class OutgoingAliases {
	readonly #limit: number;
	readonly #numbers = new Map<string, number>();

	constructor(clientMaximum: number) {
		this.#limit = Math.min(clientMaximum, most);
	}

	/** What stands in the packet: nothing where the client knows the number already. */
	topicFor(topic: string): string {
		return this.#numbers.has(topic) ? "" : topic;
	}

	/** The properties, the alias before them where there is one. */
	before(topic: string, forward: Buffer): Buffer {
		const number = this.#numbers.get(topic) ?? (this.#numbers.size < this.#limit ? this.#numbers.size + 1 : 0);
		if (number === 0) return forward;
		const bytes = Buffer.allocUnsafe(3 + forward.length);
		bytes[0] = 0x23;
		bytes.writeUInt16BE(number, 1);
		bytes.set(forward, 3);
		return bytes;
	}

	wrote(topic: string): void {
		if (this.#numbers.size < this.#limit && !this.#numbers.has(topic)) this.#numbers.set(topic, this.#numbers.size + 1);
	}
}
