import { type DataClass, matchesFilter, type TagDirectory } from "@millwright/core";
import type { RetentionRule } from "../api.ts";

export interface RetentionGroup {
	/** Index of the rule; -1 for what no rule fits. */
	rule: number;
	/** ms; null for ever. */
	keep: number | null;
	tags: number[];
}

/** Every tag under the first rule that fits it; groups without tags are there too, so that a screen can show them. */
export function retentionGroups({
	rules,
	keep,
	directory,
	dataClassOf,
}: {
	rules: readonly RetentionRule[];
	keep: number | null;
	directory: TagDirectory;
	dataClassOf(tag: string): DataClass;
}): RetentionGroup[] {
	const groups: RetentionGroup[] = rules.map((rule, index) => ({ rule: index, keep: rule.keep, tags: [] }));
	const rest: RetentionGroup = { rule: -1, keep, tags: [] };
	for (let id = 1; id <= directory.size; id++) {
		const name = directory.nameOf(id);
		const fits = rules.findIndex(
			({ tags, dataClass }) =>
				(dataClass === undefined || dataClass === dataClassOf(name)) &&
				(tags === undefined || tags.some((filter) => matchesFilter(filter, name))),
		);
		(groups[fits] ?? rest).tags.push(id);
	}
	return [...groups, rest];
}

/** The longest time anything is kept; null when something is kept for ever. */
export const longestKeep = (groups: readonly RetentionGroup[]): number | null =>
	groups
		.filter(({ tags }) => tags.length > 0)
		.reduce<number | null>((longest, { keep }) => (longest === null || keep === null ? null : Math.max(longest, keep)), 0);
