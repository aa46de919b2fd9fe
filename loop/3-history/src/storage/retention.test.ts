import { memoryTagDirectory } from "@millwright/runtime";
import { expect, test } from "vitest";
import { longestKeep, retentionGroups } from "./retention.ts";

const day = 86_400_000;

test("the first rule that fits a tag counts, by name and by class; the rest is kept by the default", () => {
	const directory = memoryTagDirectory();
	directory.assign(["line-1/press/vibration", "line-1/press/recipe", "line-2/oven/temperature", "line-2/oven/vibration"]);
	const groups = retentionGroups({
		rules: [
			{ dataClass: "restricted", keep: null },
			{ tags: ["+/+/vibration"], keep: 7 * day },
			{ tags: ["line-1/#"], keep: 30 * day },
		],
		keep: 365 * day,
		directory,
		dataClassOf: (tag) => (tag.endsWith("recipe") ? "restricted" : "internal"),
	});
	expect(groups.map(({ rule, tags }) => [rule, tags])).toEqual([
		[0, [2]],
		[1, [1, 4]],
		[2, []],
		[-1, [3]],
	]);
	expect(longestKeep(groups)).toBeNull();
	expect(longestKeep(groups.slice(1))).toBe(365 * day);
});
