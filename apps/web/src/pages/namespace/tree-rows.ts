import type { TreeNode } from "@millwright/namespace/api";

export interface TreeRow {
	path: string;
	name: string;
	depth: number;
	/** Undefined while its level is being asked for. */
	node: TreeNode | undefined;
	open: boolean;
}

/** Open levels, flattened into the rows a list shows; a level that is still being asked shows one waiting row. */
export function treeRows(
	levels: ReadonlyMap<string, readonly TreeNode[]>,
	open: ReadonlySet<string>,
	below = "",
	depth = 0,
): TreeRow[] {
	const nodes = levels.get(below);
	if (!nodes) return [{ path: `${below}/…`, name: "…", depth, node: undefined, open: false }];
	return nodes.flatMap((node) => {
		const isOpen = node.children > 0 && open.has(node.path);
		const row: TreeRow = { path: node.path, name: node.name, depth, node, open: isOpen };
		return isOpen ? [row, ...treeRows(levels, open, node.path, depth + 1)] : [row];
	});
}

/** Every level above a path: what must be open for it to be seen. */
export function above(path: string): string[] {
	const levels = path.split("/");
	return levels.slice(0, -1).map((_, index) => levels.slice(0, index + 1).join("/"));
}
