interface Node<T> {
	children: Map<string, Node<T>> | undefined;
	plus: Node<T> | undefined;
	/** Values whose filter ends here. */
	here: Set<T> | undefined;
	/** Values whose filter ends here with `#`. */
	rest: Set<T> | undefined;
}

const emptyNode = <T>(): Node<T> => ({ children: undefined, plus: undefined, here: undefined, rest: undefined });
const isEmpty = <T>(node: Node<T>): boolean =>
	node.plus === undefined && node.here === undefined && node.rest === undefined && node.children === undefined;

/** Filters by level, to find every filter that matches a topic in the time of its levels. Source: MQTT 5 §4.7. */
export class TopicTrie<T> {
	#root = emptyNode<T>();
	#size = 0;

	get size(): number {
		return this.#size;
	}

	add(filter: string, value: T): void {
		let node = this.#root;
		for (const level of filter.split("/")) {
			if (level === "#") {
				node.rest ??= new Set();
				if (!node.rest.has(value)) this.#size++;
				node.rest.add(value);
				return;
			}
			if (level === "+") {
				node.plus ??= emptyNode();
				node = node.plus;
			} else {
				node.children ??= new Map();
				let next = node.children.get(level);
				if (next === undefined) {
					next = emptyNode();
					node.children.set(level, next);
				}
				node = next;
			}
		}
		node.here ??= new Set();
		if (!node.here.has(value)) this.#size++;
		node.here.add(value);
	}

	remove(filter: string, value: T): void {
		this.#remove(this.#root, filter.split("/"), 0, value);
	}

	#remove(node: Node<T>, levels: readonly string[], depth: number, value: T): void {
		const level = levels[depth];
		if (level === undefined) {
			if (node.here?.delete(value)) this.#size--;
			if (node.here?.size === 0) node.here = undefined;
		} else if (level === "#") {
			if (node.rest?.delete(value)) this.#size--;
			if (node.rest?.size === 0) node.rest = undefined;
		} else if (level === "+") {
			if (node.plus === undefined) return;
			this.#remove(node.plus, levels, depth + 1, value);
			if (isEmpty(node.plus)) node.plus = undefined;
		} else {
			const next = node.children?.get(level);
			if (next === undefined || node.children === undefined) return;
			this.#remove(next, levels, depth + 1, value);
			if (isEmpty(next)) node.children.delete(level);
			if (node.children.size === 0) node.children = undefined;
		}
	}

	/** Visits every value whose filter matches; a value under several matching filters is visited as often. */
	match(topic: string, visit: (value: T) => void): void {
		this.#match(this.#root, topic.split("/"), 0, topic.startsWith("$"), visit);
	}

	#match(node: Node<T>, levels: readonly string[], depth: number, literalFirst: boolean, visit: (value: T) => void): void {
		const wild = !(literalFirst && depth === 0);
		if (wild && node.rest !== undefined) for (const value of node.rest) visit(value);
		const level = levels[depth];
		if (level === undefined) {
			if (node.here !== undefined) for (const value of node.here) visit(value);
			return;
		}
		const next = node.children?.get(level);
		if (next !== undefined) this.#match(next, levels, depth + 1, literalFirst, visit);
		if (wild && node.plus !== undefined) this.#match(node.plus, levels, depth + 1, literalFirst, visit);
	}
}
