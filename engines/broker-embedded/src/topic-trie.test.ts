import { isFilter, matchesFilter } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RetainedTree } from "./retained-tree.ts";
import { TopicTrie } from "./topic-trie.ts";

const level = fc.constantFrom("a", "b", "", "$SYS", "$x");
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filters = fc
	.array(fc.constantFrom("a", "b", "", "$SYS", "$x", "+", "#"), { minLength: 1, maxLength: 5 })
	.map((levels) => levels.join("/"))
	.filter(isFilter);

test("the trie finds exactly the filters that match, after any adding and removing", () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(filters, fc.boolean()), { maxLength: 30 }),
			fc.array(topics, { minLength: 1, maxLength: 10 }),
			(steps, asked) => {
				const trie = new TopicTrie<string>();
				const kept = new Set<string>();
				for (const [filter, add] of steps) {
					if (add) trie.add(filter, filter);
					else trie.remove(filter, filter);
					if (add) kept.add(filter);
					else kept.delete(filter);
				}
				expect(trie.size).toBe(kept.size);
				for (const topic of asked) {
					const found: string[] = [];
					trie.match(topic, (filter) => found.push(filter));
					expect(found.sort()).toEqual([...kept].filter((filter) => matchesFilter(filter, topic)).sort());
				}
			},
		),
		{ numRuns: 500 },
	);
});

test("the retained tree finds exactly the topics that match, after any setting and deleting", () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(topics, fc.boolean()), { maxLength: 30 }),
			fc.array(filters, { minLength: 1, maxLength: 10 }),
			(steps, asked) => {
				const tree = new RetainedTree<string>();
				const kept = new Set<string>();
				for (const [topic, set] of steps) {
					if (set) tree.set(topic, topic);
					else tree.delete(topic);
					if (set) kept.add(topic);
					else kept.delete(topic);
				}
				for (const filter of asked)
					expect(tree.match(filter).sort()).toEqual([...kept].filter((topic) => matchesFilter(filter, topic)).sort());
			},
		),
		{ numRuns: 500 },
	);
});
