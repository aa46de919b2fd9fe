import { matchesFilter } from "@millwright/core";

type Payload = Uint8Array | (() => Uint8Array);

const mostBytes = 268_435_456;
const guessedBytes = 512;

/** What this process knows to be retained by the broker outside: its own messages, and those it has heard. Bounded. */
export class RetainedMemory {
	readonly #most: number;
	readonly #topics = new Map<string, Payload>();
	/** Of these, the ones this process published itself. */
	readonly #own = new Set<string>();
	#bytes = 0;
	/** Messages that found no room. */
	unkept = 0;

	constructor(most: number) {
		this.#most = most;
	}

	get size(): number {
		return this.#topics.size;
	}

	/** Topics this process published itself. */
	own(): IterableIterator<string> {
		return this.#own.values();
	}

	get(topic: string): Payload | undefined {
		return this.#topics.get(topic);
	}

	/** Does it repeat what this process said itself? Brokers give a new subscription also what its own client had retained. */
	isEcho(topic: string, payload: Uint8Array): boolean {
		const held = this.#own.has(topic) ? this.#topics.get(topic) : undefined;
		if (held === undefined) return false;
		try {
			return Buffer.compare(typeof held === "function" ? held() : held, payload) === 0;
		} catch {
			return false;
		}
	}

	set(topic: string, payload: Payload, { own = false } = {}): void {
		const held = this.#topics.get(topic);
		if (held === payload) return;
		if (own) this.#own.add(topic);
		else this.#own.delete(topic);
		if (held !== undefined) this.#bytes -= sizeOf(topic, held);
		if (typeof payload !== "function" && payload.length === 0) {
			this.#topics.delete(topic);
			this.#own.delete(topic);
			return;
		}
		const bytes = sizeOf(topic, payload);
		if ((held === undefined && this.#topics.size >= this.#most) || this.#bytes + bytes > mostBytes) {
			this.#topics.delete(topic);
			this.#own.delete(topic);
			this.unkept++;
			return;
		}
		this.#topics.set(topic, payload);
		this.#bytes += bytes;
	}

	/** Topic order; a payload that cannot be made is left out. */
	matching(
		filter: string,
		limit: number,
		failed: (topic: string, error: unknown) => void,
	): { topic: string; payload: Uint8Array }[] {
		const exact = this.#topics.get(filter);
		const topics =
			exact !== undefined
				? [filter]
				: /[+#]/.test(filter)
					? [...this.#topics.keys()].filter((topic) => matchesFilter(filter, topic)).sort()
					: [];
		const found: { topic: string; payload: Uint8Array }[] = [];
		for (const topic of topics) {
			if (found.length >= limit) break;
			const payload = this.#topics.get(topic) as Payload;
			try {
				found.push({ topic, payload: typeof payload === "function" ? payload() : payload });
			} catch (error) {
				failed(topic, error);
			}
		}
		return found;
	}
}

const sizeOf = (topic: string, payload: Payload): number =>
	topic.length + (typeof payload === "function" ? guessedBytes : payload.length);
