import type { TreeNode } from "@millwright/namespace/api";
import { expect, test } from "vitest";
import { above, treeRows } from "./tree-rows.ts";

const node = (path: string, children: number): TreeNode => ({
	name: path.split("/").at(-1) ?? "",
	path,
	children,
	tags: 1,
	abnormal: 0,
});

test("open levels are flattened in order, and one that is still asked for shows that it is", () => {
	const levels = new Map([
		["", [node("a", 2), node("b", 1)]],
		["a", [node("a/x", 0), node("a/y", 3)]],
	]);
	const rows = treeRows(levels, new Set(["a", "a/y"]));
	expect(rows.map(({ path, depth }) => [path, depth])).toEqual([
		["a", 0],
		["a/x", 1],
		["a/y", 1],
		["a/y/…", 2],
		["b", 0],
	]);
});

test("to see a topic every level above it must be open", () => {
	expect(above("a/b/c")).toEqual(["a", "a/b"]);
});
