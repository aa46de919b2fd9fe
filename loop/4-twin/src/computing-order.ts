/** Names so that each comes after those it needs; or the name of one that needs itself through others. Needs outside the map are given. */
export function computingOrder(needs: ReadonlyMap<string, readonly string[]>): { order: string[]; circle?: string } {
	const order: string[] = [];
	const done = new Set<string>();
	const under = new Set<string>();
	let circle: string | undefined;
	const visit = (name: string): void => {
		if (done.has(name) || !needs.has(name)) return;
		if (under.has(name)) {
			circle ??= name;
			return;
		}
		under.add(name);
		for (const needed of needs.get(name) ?? []) visit(needed);
		under.delete(name);
		done.add(name);
		order.push(name);
	};
	for (const name of needs.keys()) visit(name);
	return circle === undefined ? { order } : { order, circle };
}
