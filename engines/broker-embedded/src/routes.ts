import type { IncomingMessage, Log } from "@millwright/core";
import { fixedLimits } from "./limits.ts";
import type { Message, Qos } from "./message.ts";
import { RetainedTree } from "./retained-tree.ts";
import type { Session, Subscription } from "./session.ts";
import { type SharedGroup, SharedGroups } from "./shared-group.ts";
import { TopicTrie } from "./topic-trie.ts";

/** A listener in this process. */
export interface Listener {
	readonly session?: undefined;
	readonly filter: string;
	readonly owner: string;
	readonly handler: (message: IncomingMessage) => void;
}

/** One session that receives a topic, its matching subscriptions joined: one copy, highest QoS, all identifiers. */
export interface Target {
	readonly session: Session;
	qos: Qos;
	noLocal: boolean;
	retainAsPublished: boolean;
	ids: number[] | undefined;
}

/** A shared subscription, and those of its members that may see the topic: one of them gets each message. */
export interface SharedTarget {
	readonly group: SharedGroup;
	readonly candidates: Subscription[];
}

export interface Route {
	readonly targets: readonly Target[];
	readonly shared: readonly SharedTarget[];
	readonly listeners: readonly Listener[];
}

/** What is known of a topic: who receives it, and what it retains. One look-up a message. */
export interface TopicEntry {
	readonly topic: string;
	route: Route | undefined;
	/** The route is valid while this equals the table's. */
	generation: number;
	retained: Message | undefined;
	/** What the journal remembers as retained. */
	kept: Message | undefined;
}

export const nobody: Route = { targets: [], shared: [], listeners: [] };

/** Every topic that is retained or was lately published, with its receivers worked out. */
export class Routes {
	readonly #subscriptions = new TopicTrie<Subscription | Listener>();
	readonly #entries = new Map<string, TopicEntry>();
	readonly #retained = new RetainedTree<TopicEntry>();
	readonly groups = new SharedGroups();
	readonly #log: Log;
	#generation = 1;
	/** Rises with every change of who may hear what. */
	hearing = 1;
	#retainedCount = 0;
	#retainedBytes = 0;
	#rememberedTargets = 0;

	constructor(log: Log) {
		this.#log = log;
	}

	get subscriptions(): number {
		return this.#subscriptions.size;
	}

	get retainedCount(): number {
		return this.#retainedCount;
	}

	/** Of clients' messages. */
	get retainedBytes(): number {
		return this.#retainedBytes;
	}

	find(topic: string): TopicEntry | undefined {
		return this.#entries.get(topic);
	}

	/** The caller has checked that the topic is one. */
	entry(topic: string): TopicEntry {
		let entry = this.#entries.get(topic);
		if (entry === undefined) {
			if (this.#entries.size - this.#retainedCount >= fixedLimits.rememberedTopics) this.#forget();
			entry = { topic, route: undefined, generation: 0, retained: undefined, kept: undefined };
			this.#entries.set(topic, entry);
		}
		return entry;
	}

	subscribe(subscription: Subscription | Listener): void {
		this.#subscriptions.add(subscription.filter, subscription);
		if (subscription.session !== undefined) this.groups.join(subscription);
		this.invalidate(subscription.filter);
	}

	unsubscribe(subscription: Subscription | Listener): void {
		this.#subscriptions.remove(subscription.filter, subscription);
		if (subscription.session !== undefined) this.groups.leave(subscription);
		this.invalidate(subscription.filter);
	}

	/** Subscriptions under this filter, or what their owners may see, have changed. */
	invalidate(filter: string): void {
		this.hearing++;
		if (filter.includes("+") || filter.includes("#")) this.#generation++;
		else {
			const entry = this.#entries.get(filter);
			if (entry !== undefined) entry.route = undefined;
		}
	}

	invalidateAll(): void {
		this.hearing++;
		this.#generation++;
	}

	routeOf(entry: TopicEntry): Route {
		if (entry.route !== undefined && entry.generation === this.#generation) return entry.route;
		const route = this.#build(entry.topic);
		entry.route = route;
		entry.generation = this.#generation;
		this.#rememberedTargets += route.targets.length;
		if (this.#rememberedTargets > fixedLimits.rememberedTargets) this.#forgetRoutes(entry);
		return route;
	}

	retain(entry: TopicEntry, message: Message | undefined): void {
		const before = entry.retained;
		if (before === undefined && message !== undefined) {
			this.#retainedCount++;
			this.#retained.set(entry.topic, entry);
		} else if (before !== undefined && message === undefined) {
			this.#retainedCount--;
			this.#retained.delete(entry.topic);
		}
		if (before?.source !== undefined) this.#retainedBytes -= before.bytes;
		if (message?.source !== undefined) this.#retainedBytes += message.own().bytes;
		entry.retained = message;
	}

	retainedMatching(filter: string): TopicEntry[] {
		if (!filter.includes("+") && !filter.includes("#")) {
			const entry = this.#entries.get(filter);
			return entry?.retained === undefined ? [] : [entry];
		}
		return this.#retained.match(filter);
	}

	#build(topic: string): Route {
		let targets: Map<Session, Target> | undefined;
		let shared: Map<SharedGroup, SharedTarget> | undefined;
		let listeners: Listener[] | undefined;
		this.#subscriptions.match(topic, (found) => {
			if (found.session === undefined) {
				listeners ??= [];
				listeners.push(found);
				return;
			}
			if (found.group !== undefined) {
				if (!this.#mayReceive(found.session, topic)) return;
				shared ??= new Map();
				const joined = shared.get(found.group);
				if (joined === undefined) shared.set(found.group, { group: found.group, candidates: [found] });
				else joined.candidates.push(found);
				return;
			}
			targets ??= new Map();
			const target = targets.get(found.session);
			if (target === undefined) {
				if (!this.#mayReceive(found.session, topic)) return;
				targets.set(found.session, {
					session: found.session,
					qos: found.qos,
					noLocal: found.noLocal,
					retainAsPublished: found.retainAsPublished,
					ids: found.id === undefined ? undefined : [found.id],
				});
				return;
			}
			if (found.qos > target.qos) target.qos = found.qos;
			target.noLocal &&= found.noLocal;
			target.retainAsPublished ||= found.retainAsPublished;
			if (found.id !== undefined) target.ids = [...(target.ids ?? []), found.id];
		});
		if (targets === undefined && listeners === undefined && shared === undefined) return nobody;
		return {
			targets: targets === undefined ? nobody.targets : [...targets.values()],
			shared: shared === undefined ? nobody.shared : [...shared.values()],
			listeners: listeners ?? nobody.listeners,
		};
	}

	#mayReceive(session: Session, topic: string): boolean {
		try {
			return session.rights.mayReceive(topic);
		} catch (error) {
			this.#log.error("Topic rights failed; the topic is withheld", { client: session.clientId, topic, error: String(error) });
			return false;
		}
	}

	/** Makes room: topics that retain nothing are forgotten and worked out again when they come. */
	#forget(): void {
		for (const [topic, entry] of this.#entries) if (entry.retained === undefined) this.#entries.delete(topic);
	}

	#forgetRoutes(except: TopicEntry): void {
		for (const entry of this.#entries.values()) if (entry !== except) entry.route = undefined;
		this.#rememberedTargets = except.route?.targets.length ?? 0;
	}
}
