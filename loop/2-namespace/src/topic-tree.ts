import type { DataClass } from "@millwright/core";
import { DataClass as Classes } from "@millwright/core";

/** Number of a data class in count columns. */
export const classIndex: Record<DataClass, number> = { public: 0, internal: 1, confidential: 2, restricted: 3 };
export const classNames = Classes.options;

export interface TreeLevel {
	readonly name: string;
	readonly path: string;
	readonly parent: TreeLevel | undefined;
	readonly children: Map<string, TreeLevel>;
	/** Children by name; made when asked, dropped when one comes or goes. */
	sorted: TreeLevel[] | undefined;
	/** Tags at or below, by data class. */
	readonly tags: number[];
	/** Of these: not good, by data class. */
	readonly abnormal: number[];
	/** Tag id of the topic that ends here; 0 for none. */
	tag: number;
}

const level = (name: string, path: string, parent: TreeLevel | undefined): TreeLevel => ({
	name,
	path,
	parent,
	children: new Map(),
	sorted: undefined,
	tags: [0, 0, 0, 0],
	abnormal: [0, 0, 0, 0],
	tag: 0,
});

/** Topics as a tree with counts kept up as tags come and turn, so that one level of 100,000 tags costs its own width only. */
export class TopicTree {
	readonly root = level("", "", undefined);

	find(path: string): TreeLevel | undefined {
		if (path === "") return this.root;
		let at: TreeLevel | undefined = this.root;
		for (const name of path.split("/")) {
			at = at.children.get(name);
			if (at === undefined) return undefined;
		}
		return at;
	}

	/** Adds a tag that is good. */
	add(tag: number, name: string, dataClass: number): TreeLevel {
		let at = this.root;
		for (const part of name.split("/")) {
			let next = at.children.get(part);
			if (next === undefined) {
				next = level(part, at === this.root ? part : `${at.path}/${part}`, at);
				at.children.set(part, next);
				at.sorted = undefined;
			}
			at = next;
		}
		at.tag = tag;
		this.count(at, dataClass, 1, 0);
		return at;
	}

	remove(leaf: TreeLevel, dataClass: number, abnormal: boolean): void {
		leaf.tag = 0;
		this.count(leaf, dataClass, -1, abnormal ? -1 : 0);
		let at: TreeLevel | undefined = leaf;
		while (at?.parent !== undefined && at.tag === 0 && at.children.size === 0) {
			at.parent.children.delete(at.name);
			at.parent.sorted = undefined;
			at = at.parent;
		}
	}

	count(leaf: TreeLevel, dataClass: number, tags: number, abnormal: number): void {
		for (let at: TreeLevel | undefined = leaf; at !== undefined; at = at.parent) {
			at.tags[dataClass] = (at.tags[dataClass] as number) + tags;
			at.abnormal[dataClass] = (at.abnormal[dataClass] as number) + abnormal;
		}
	}

	children(of: TreeLevel): readonly TreeLevel[] {
		of.sorted ??= [...of.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
		return of.sorted;
	}
}

/** Sum over the classes somebody may see. */
export const sumSeen = (counts: readonly number[], seen: readonly boolean[]): number =>
	counts.reduce((sum, count, i) => (seen[i] ? sum + count : sum), 0);
