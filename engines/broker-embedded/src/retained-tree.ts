interface Node<T> {
	children: Map<string, Node<T>> | undefined;
	value: T | undefined;
}

/** Topics by level, to find every topic that matches a filter without looking at all of them. */
export class RetainedTree<T> {
	#root: Node<T> = { children: undefined, value: undefined };

	set(topic: string, value: T): void {
		let node = this.#root;
		for (const level of topic.split("/")) {
			node.children ??= new Map();
			let next = node.children.get(level);
			if (next === undefined) {
				next = { children: undefined, value: undefined };
				node.children.set(level, next);
			}
			node = next;
		}
		node.value = value;
	}

	delete(topic: string): void {
		const remove = (node: Node<T>, levels: readonly string[], depth: number): void => {
			const level = levels[depth];
			if (level === undefined) {
				node.value = undefined;
				return;
			}
			const next = node.children?.get(level);
			if (next === undefined || node.children === undefined) return;
			remove(next, levels, depth + 1);
			if (next.value === undefined && next.children === undefined) node.children.delete(level);
			if (node.children.size === 0) node.children = undefined;
		};
		remove(this.#root, topic.split("/"), 0);
	}

	/** Everything a filter matches, `$…` topics only by a filter that begins alike. */
	match(filter: string): T[] {
		const found: T[] = [];
		const levels = filter.split("/");
		const all = (node: Node<T>, top: boolean): void => {
			if (node.value !== undefined) found.push(node.value);
			if (node.children !== undefined)
				for (const [name, child] of node.children) if (!(top && name.startsWith("$"))) all(child, false);
		};
		const walk = (node: Node<T>, depth: number): void => {
			const level = levels[depth];
			if (level === undefined) {
				if (node.value !== undefined) found.push(node.value);
			} else if (level === "#") all(node, depth === 0);
			else if (level === "+") {
				if (node.children !== undefined)
					for (const [name, child] of node.children) if (!(depth === 0 && name.startsWith("$"))) walk(child, depth + 1);
			} else {
				const child = node.children?.get(level);
				if (child !== undefined) walk(child, depth + 1);
			}
		};
		walk(this.#root, 0);
		return found;
	}
}
