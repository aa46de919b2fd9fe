import type { Session, Subscription } from "./session.ts";

/** The name and filter of `$share/<name>/<filter>`; undefined for any other subscription. Source: MQTT 5 §4.8.2. */
export function shareOf(filter: string): { name: string; filter: string } | undefined {
	if (!filter.startsWith("$share/")) return undefined;
	const slash = filter.indexOf("/", 7);
	if (slash < 0) return { name: filter.slice(7), filter: "" };
	return { name: filter.slice(7, slash), filter: filter.slice(slash + 1) };
}

/** Sessions that share one subscription: each message goes to one of them, in turn. */
export class SharedGroup {
	/** As it is subscribed to: `$share/<name>/<filter>`. */
	readonly key: string;
	readonly members = new Set<Subscription>();
	#turn = 0;

	constructor(key: string) {
		this.key = key;
	}

	/**
	 * The next in turn of those who may receive the topic: who is connected and has room before who is connected, and who is
	 * connected before who is away and keeps its session.
	 */
	pick(candidates: readonly Subscription[], except?: Session): Subscription | undefined {
		let crowded: Subscription | undefined;
		let away: Subscription | undefined;
		const start = this.#turn++ % candidates.length;
		for (let i = 0; i < candidates.length; i++) {
			const at = start + i;
			const one = candidates[at < candidates.length ? at : at - candidates.length] as Subscription;
			if (one.session === except) continue;
			if (one.session.line === undefined) away ??= one;
			else if (one.session.hasRoom) return one;
			else crowded ??= one;
		}
		return crowded ?? away;
	}
}

/** Every shared subscription somebody is a member of. */
export class SharedGroups {
	readonly #groups = new Map<string, SharedGroup>();

	of(key: string): SharedGroup {
		let group = this.#groups.get(key);
		if (group === undefined) {
			group = new SharedGroup(key);
			this.#groups.set(key, group);
		}
		return group;
	}

	find(key: string): SharedGroup | undefined {
		return this.#groups.get(key);
	}

	join(subscription: Subscription): void {
		subscription.group?.members.add(subscription);
	}

	leave(subscription: Subscription): void {
		const { group } = subscription;
		if (group === undefined) return;
		group.members.delete(subscription);
		if (group.members.size === 0 && this.#groups.get(group.key) === group) this.#groups.delete(group.key);
	}
}
