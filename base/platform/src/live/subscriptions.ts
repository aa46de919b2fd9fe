import { isFilter, type TagDirectory } from "@millwright/core";
import { compileFilters } from "./compiled-filters.ts";

/** What one client asked for under one number. */
interface Subscription {
	/** Full names that do not exist yet. */
	awaited: Set<string>;
	filters: string[];
	tags: Set<number>;
	refused: string[];
}

export interface SubscriptionLimits {
	/** Tags of all subscriptions together; a tag in two counts twice. */
	tags: number;
	subscriptions: number;
	/** Filters with wildcards: each is compared with every tag there is. */
	filters: number;
}

export interface Subscribed {
	names: string[];
	handles: number[];
	refused: string[];
	/** The limit that was reached, of which only the part within was taken. */
	full?: keyof SubscriptionLimits;
}

/** A client's wishes against the directory of tags: which it has, and which it gets when they are born. */
export class Subscriptions {
	readonly #byId = new Map<number, Subscription>();
	/** How many subscriptions hold a tag. */
	readonly #held = new Map<number, number>();
	readonly #directory: TagDirectory;
	readonly #maySee: (tag: number) => boolean;
	readonly #limits: SubscriptionLimits;
	readonly #on: { gained(tag: number): void; lost(tag: number): void };

	constructor(about: {
		directory: TagDirectory;
		maySee: (tag: number) => boolean;
		limits: SubscriptionLimits;
		on: { gained(tag: number): void; lost(tag: number): void };
	}) {
		this.#directory = about.directory;
		this.#maySee = about.maySee;
		this.#limits = about.limits;
		this.#on = about.on;
	}

	get tags(): ReadonlyMap<number, number> {
		return this.#held;
	}

	/** Replaces what stood under the number; tags in both stay held throughout. */
	subscribe(id: number, wanted: readonly string[]): Subscribed {
		const former = this.#byId.get(id);
		if (!former && this.#byId.size >= this.#limits.subscriptions)
			return { names: [], handles: [], refused: [...wanted], full: "subscriptions" };
		const next: Subscription = { awaited: new Set(), filters: [], tags: new Set(), refused: [] };
		let full: keyof SubscriptionLimits | undefined;
		let room = this.#limits.tags - this.#count() + (former ? former.tags.size + former.awaited.size : 0);
		let filtersLeft = this.#limits.filters - this.#filterCount() + (former?.filters.length ?? 0);
		for (const text of new Set(wanted)) {
			if (!isFilter(text)) next.refused.push(text);
			else if (hasWildcard(text)) {
				if (filtersLeft-- <= 0) {
					full = "filters";
					next.refused.push(text);
				} else next.filters.push(text);
			} else if (room-- <= 0) {
				full = "tags";
				next.refused.push(text);
			} else this.#byName(next, text);
		}
		this.#byId.set(id, next);
		for (const tag of next.tags) this.#hold(tag);
		if (this.#search(next, next.filters, 1)) full = "tags";
		if (former) for (const tag of former.tags) this.#release(tag);
		return { ...this.#told(next), full };
	}

	unsubscribe(id: number): void {
		const subscription = this.#byId.get(id);
		if (!subscription) return;
		this.#byId.delete(id);
		for (const tag of subscription.tags) this.#release(tag);
	}

	clear(): void {
		for (const id of [...this.#byId.keys()]) this.unsubscribe(id);
	}

	/** Looks at the tags from id `from` on; the numbers of the subscriptions that gained some. */
	born(from: number): Map<number, Subscribed> {
		const gained = new Map<number, Subscribed>();
		for (const [id, subscription] of this.#byId) {
			const before = subscription.tags.size;
			const refusedBefore = subscription.refused.length;
			for (const name of [...subscription.awaited]) {
				if (this.#directory.idOf(name) === undefined) continue;
				subscription.awaited.delete(name);
				const tag = this.#byName(subscription, name);
				if (tag !== undefined) this.#hold(tag);
			}
			this.#search(subscription, subscription.filters, from);
			if (subscription.tags.size > before || subscription.refused.length > refusedBefore)
				gained.set(id, this.#told(subscription));
		}
		return gained;
	}

	/** Asks the rights of every tag again; the numbers of the subscriptions that lost some. */
	review(): Map<number, Subscribed> {
		const changed = new Map<number, Subscribed>();
		for (const [id, subscription] of this.#byId)
			for (const tag of [...subscription.tags]) {
				if (this.#maySee(tag)) continue;
				subscription.tags.delete(tag);
				this.#release(tag);
				changed.set(id, this.#told(subscription));
			}
		return changed;
	}

	#byName(subscription: Subscription, name: string): number | undefined {
		const tag = this.#directory.idOf(name);
		if (tag === undefined) subscription.awaited.add(name);
		else if (this.#maySee(tag)) subscription.tags.add(tag);
		else {
			subscription.refused.push(name);
			return undefined;
		}
		return tag;
	}

	/** Holds what the filters find; true when the limit cut it short. */
	#search(subscription: Subscription, filters: readonly string[], from: number): boolean {
		if (filters.length === 0) return false;
		const directory = this.#directory;
		const matches = compileFilters(filters);
		let room = this.#limits.tags - this.#count();
		for (let tag = from; tag <= directory.size; tag++) {
			const name = directory.nameOf(tag);
			if (!matches(name) || subscription.tags.has(tag) || !this.#maySee(tag)) continue;
			if (room-- <= 0) return true;
			subscription.tags.add(tag);
			this.#hold(tag);
		}
		return false;
	}

	#hold(tag: number): void {
		const holders = this.#held.get(tag) ?? 0;
		this.#held.set(tag, holders + 1);
		if (holders === 0) this.#on.gained(tag);
	}

	#release(tag: number): void {
		const holders = (this.#held.get(tag) ?? 1) - 1;
		if (holders > 0) this.#held.set(tag, holders);
		else {
			this.#held.delete(tag);
			this.#on.lost(tag);
		}
	}

	#count(): number {
		let count = 0;
		for (const { tags, awaited } of this.#byId.values()) count += tags.size + awaited.size;
		return count;
	}

	#filterCount(): number {
		let count = 0;
		for (const { filters } of this.#byId.values()) count += filters.length;
		return count;
	}

	#told({ tags, refused }: Subscription): Subscribed {
		const handles = [...tags];
		return { names: handles.map((tag) => this.#directory.nameOf(tag)), handles, refused };
	}
}

const hasWildcard = (text: string): boolean => text.includes("+") || text.includes("#");

/** Comparisons of a filter with a tag that a subscription costs. */
export const workOf = (wanted: readonly string[], directory: TagDirectory): number =>
	wanted.reduce((work, text) => (hasWildcard(text) ? work + directory.size : work), wanted.length);
