/** What goes over the wire: tags are asked for in groups, so that a screenful costs one message. */
export interface GroupChange {
	subscribe: { id: number; tags: string[] }[];
	unsubscribe: number[];
}

/**
 * Counts who wants which tag and turns that into few subscriptions. A group that is mostly unwanted is replaced by a
 * smaller one, so that scrolling through a long list does not leave the server sending what nobody sees.
 */
export class LiveGroups {
	#wanted = new Map<string, number>();
	#groupOf = new Map<string, number>();
	#groups = new Map<number, Set<string>>();
	#nextId = 1;

	get wanted(): ReadonlyMap<string, number> {
		return this.#wanted;
	}

	/** A subscription on the wire brings this tag. */
	covers(tag: string): boolean {
		return this.#groupOf.has(tag);
	}

	want(tag: string): void {
		this.#wanted.set(tag, (this.#wanted.get(tag) ?? 0) + 1);
	}

	/** True when nobody wants the tag any longer. */
	unwant(tag: string): boolean {
		const count = (this.#wanted.get(tag) ?? 0) - 1;
		if (count > 0) {
			this.#wanted.set(tag, count);
			return false;
		}
		this.#wanted.delete(tag);
		return true;
	}

	/** What to send so that the server sends exactly, or nearly, what is wanted. */
	settle(): GroupChange {
		const change: GroupChange = { subscribe: [], unsubscribe: [] };
		for (const [id, tags] of this.#groups) {
			const alive = [...tags].filter((tag) => this.#wanted.has(tag));
			if (alive.length * 2 > tags.size) continue;
			change.unsubscribe.push(id);
			this.#groups.delete(id);
			for (const tag of tags) this.#groupOf.delete(tag);
		}
		const missing = [...this.#wanted.keys()].filter((tag) => !this.#groupOf.has(tag));
		if (missing.length > 0) this.#open(change, missing);
		return change;
	}

	/** After a reconnect the server knows nothing: everything wanted, in one group. */
	restart(): GroupChange {
		this.#groups.clear();
		this.#groupOf.clear();
		return this.settle();
	}

	#open(change: GroupChange, tags: string[]): void {
		const id = this.#nextId++;
		this.#groups.set(id, new Set(tags));
		for (const tag of tags) this.#groupOf.set(tag, id);
		change.subscribe.push({ id, tags });
	}
}
