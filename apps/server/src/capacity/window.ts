/** Counters that only rise, looked at again and again; how fast they rose over the last minutes. In bounded memory. */
export function createWindow<K extends string>({ longestMs }: { longestMs: number }) {
	const looks: { atMs: number; counters: Record<K, number> }[] = [];
	return {
		add(atMs: number, counters: Record<K, number>): void {
			looks.push({ atMs, counters });
			while (looks.length > 2 && atMs - (looks[1] as { atMs: number }).atMs >= longestMs) looks.shift();
		},
		/** Rises between the newest look and the one `ms` before it, and the time between the two; undefined with fewer than two. */
		rise(ms: number): { overMs: number; by: Record<K, number> } | undefined {
			const newest = looks.at(-1);
			if (!newest) return undefined;
			const from = looks.find(({ atMs }) => atMs >= newest.atMs - ms);
			if (!from || from === newest) return undefined;
			const by = Object.fromEntries(
				Object.entries<number>(newest.counters).map(([name, value]) => [
					name,
					// A counter that begins anew has risen by what it shows.
					value >= from.counters[name as K] ? value - from.counters[name as K] : value,
				]),
			) as Record<K, number>;
			return { overMs: newest.atMs - from.atMs, by };
		},
	};
}
