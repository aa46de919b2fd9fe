import { type IncomingMessage, isFilter, type Log, MillwrightError, matchesFilter } from "@millwright/core";

export interface Listener {
	/** Of the subscription at the broker. */
	readonly id: number;
	readonly filter: string;
	readonly owner: string;
	readonly handler: (message: IncomingMessage) => void;
	readonly sinceMs: number;
}

/** What may wait when listeners publish what others hear. */
const mostNested = 100_000;

/** Those in this process who listen; one that throws is logged and stops nobody. */
export class Listeners {
	readonly #log: Log;
	readonly #all = new Set<Listener>();
	readonly #byFilter = new Map<string, { id: number; listeners: Set<Listener> }>();
	readonly #nested: [message: IncomingMessage, ids: readonly number[] | undefined][] = [];
	#isTelling = false;
	#ids = 1;
	dropped = 0;

	constructor(log: Log) {
		this.#log = log;
	}

	get size(): number {
		return this.#all.size;
	}

	all(): readonly Listener[] {
		return [...this.#all];
	}

	/** `isFirst` where the broker has to be asked for the filter; `id` where it has been already. */
	add(about: Omit<Listener, "id">, id?: number): { listener: Listener; isFirst: boolean } {
		const { filter } = about;
		if (!isFilter(filter))
			throw new MillwrightError("broker.filter-invalid", `"${filter}" is not a topic filter`, {
				hint: "`#` stands alone and last, `+` alone in its level.",
			});
		const known = this.#byFilter.get(filter);
		const group = known ?? { id: id ?? ++this.#ids, listeners: new Set<Listener>() };
		const listener: Listener = { ...about, id: group.id };
		group.listeners.add(listener);
		this.#all.add(listener);
		if (known === undefined) this.#byFilter.set(filter, group);
		return { listener, isFirst: known === undefined };
	}

	/** True where nobody listens to the filter any more. */
	remove(listener: Listener): boolean {
		const group = this.#byFilter.get(listener.filter);
		if (!this.#all.delete(listener) || group === undefined) return false;
		group.listeners.delete(listener);
		if (group.listeners.size > 0) return false;
		this.#byFilter.delete(listener.filter);
		return true;
	}

	/** To those whose subscriptions it came for, or whose filter matches where that is not known. One who publishes does not nest. */
	tell(message: IncomingMessage, subscriptions?: readonly number[]): void {
		if (this.#all.size === 0) return;
		if (this.#isTelling) {
			if (this.#nested.length < mostNested) this.#nested.push([message, subscriptions]);
			else this.dropped++;
			return;
		}
		this.#isTelling = true;
		try {
			this.#tell(message, subscriptions);
			for (let next = this.#nested.shift(); next !== undefined; next = this.#nested.shift()) this.#tell(...next);
		} finally {
			this.#isTelling = false;
		}
	}

	#tell(message: IncomingMessage, subscriptions: readonly number[] | undefined): void {
		for (const listener of [...this.#all]) {
			if (subscriptions === undefined ? !matchesFilter(listener.filter, message.topic) : !subscriptions.includes(listener.id))
				continue;
			try {
				listener.handler(message);
			} catch (error) {
				this.#log.error("A listener failed", { owner: listener.owner, topic: message.topic, error: String(error) });
			}
		}
	}
}
