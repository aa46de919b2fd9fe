import { type BrokerConversation, matchesFilter } from "@millwright/core";
import type { Qos } from "./message.ts";
import { shareOf } from "./shared-group.ts";

/** Filters kept of what a client publishes and subscribes to. */
const most = 100;
const enough = 80;

export interface Said {
	messages: number;
	bytes: number;
	lastMs: number;
}

interface Heard {
	qos: Qos;
	group: string | undefined;
	lastMs: number;
}

/** One client's part in what is said, kept over its connections. */
export class ClientTalk {
	readonly client: string;
	readonly principal: string;
	connected = false;
	firstSeenMs: number;
	lastSeenMs: number;
	/** Raised when filters were joined: what was remembered of a topic before is no longer true. */
	generation = 0;
	readonly #nowMs: () => number;
	#publishes = new Map<string, Said>();
	#wild: string[] = [];
	readonly #subscribes = new Map<string, Heard>();

	constructor(client: string, principal: string, nowMs: () => number) {
		this.client = client;
		this.principal = principal;
		this.#nowMs = nowMs;
		this.firstSeenMs = nowMs();
		this.lastSeenMs = this.firstSeenMs;
	}

	came(): void {
		this.connected = true;
		this.lastSeenMs = this.#nowMs();
	}

	went(): void {
		this.connected = false;
		this.lastSeenMs = this.#nowMs();
	}

	/** Where messages on a topic are counted; asked once a topic. */
	on(topic: string): Said {
		const filter = this.#publishes.has(topic) ? topic : this.#wild.find((one) => matchesFilter(one, topic));
		if (filter !== undefined) return this.#publishes.get(filter) as Said;
		const said: Said = { messages: 0, bytes: 0, lastMs: this.#nowMs() };
		this.#publishes.set(topic, said);
		if (this.#publishes.size > most) {
			this.#join();
			return this.on(topic);
		}
		return said;
	}

	/** As many filters become one as have all levels but one in common, until there are few enough. */
	#join(): void {
		while (this.#publishes.size > enough) {
			const wider = mostCommon([...this.#publishes.keys()]);
			const joined: Said = { messages: 0, bytes: 0, lastMs: 0 };
			for (const [filter, said] of this.#publishes)
				if (matchesFilter(wider, filter)) {
					joined.messages += said.messages;
					joined.bytes += said.bytes;
					joined.lastMs = Math.max(joined.lastMs, said.lastMs);
					this.#publishes.delete(filter);
				}
			this.#publishes.set(wider, joined);
		}
		this.#wild = [...this.#publishes.keys()].filter((filter) => /[+#]/.test(filter));
		this.generation++;
	}

	subscribed({ key, qos }: { key: string; qos: Qos }): void {
		const share = shareOf(key);
		this.#subscribes.delete(key);
		this.#subscribes.set(key, { qos, group: share?.name, lastMs: this.#nowMs() });
		if (this.#subscribes.size > most) this.#subscribes.delete(this.#subscribes.keys().next().value as string);
	}

	describe(): BrokerConversation {
		return {
			client: this.client,
			principal: this.principal,
			connected: this.connected,
			firstSeenMs: this.firstSeenMs,
			lastSeenMs: this.connected ? this.#nowMs() : this.lastSeenMs,
			publishes: [...this.#publishes].map(([filter, said]) => ({ filter, ...said })),
			subscribes: [...this.#subscribes].map(([key, { qos, group, lastMs }]) => ({
				filter: group === undefined ? key : (shareOf(key)?.filter ?? key),
				qos,
				...(group === undefined ? {} : { group }),
				lastMs,
			})),
		};
	}

	/** As it was described before the process began. */
	restore(before: BrokerConversation): void {
		this.firstSeenMs = before.firstSeenMs;
		this.lastSeenMs = before.lastSeenMs;
		for (const { filter, messages, bytes, lastMs } of before.publishes.slice(0, most))
			this.#publishes.set(filter, { messages, bytes, lastMs });
		this.#wild = [...this.#publishes.keys()].filter((filter) => /[+#]/.test(filter));
		for (const { filter, qos, group, lastMs } of before.subscribes.slice(0, most))
			this.#subscribes.set(group === undefined ? filter : `$share/${group}/${filter}`, { qos, group, lastMs });
	}
}

/** The filter with one more `+` that the most filters fall under; where none helps, everything below the first level of most. */
function mostCommon(filters: readonly string[]): string {
	const counts = new Map<string, number>();
	const count = (filter: string): void => void counts.set(filter, (counts.get(filter) ?? 0) + 1);
	for (const filter of filters) {
		const levels = filter.split("/");
		for (let at = 0; at < levels.length; at++) {
			if (levels[at] === "+" || levels[at] === "#") continue;
			// The first level says whose topic it is; without it a picture says nothing.
			if (at === 0 && levels.length > 1) continue;
			count(levels.map((level, i) => (i === at ? "+" : level)).join("/"));
		}
	}
	const best = [...counts].reduce<[string, number]>((a, b) => (b[1] > a[1] ? b : a), ["#", 1]);
	if (best[1] > 1) return best[0];
	const prefixes = new Map<string, number>();
	for (const filter of filters) {
		const first = filter.split("/", 1)[0] as string;
		prefixes.set(first, (prefixes.get(first) ?? 0) + 1);
	}
	const [prefix, many] = [...prefixes].reduce<[string, number]>((a, b) => (b[1] > a[1] ? b : a), ["", 0]);
	return many > 1 ? `${prefix}/#` : "#";
}
