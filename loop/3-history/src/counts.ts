import type { HistoryCounts } from "./api.ts";

interface Count {
	received: number;
	stored: number;
	duplicate: number;
}

/** What arrived and what became of it, per connection, since start. received = stored + duplicate + under way. */
export function createCounts(): HistoryCounts & {
	add(connection: string, what: keyof Count, rows: number): void;
	total(what: keyof Count): number;
} {
	const byConnection = new Map<string, Count>();
	const total: Count = { received: 0, stored: 0, duplicate: 0 };
	return {
		received: (connection) => byConnection.get(connection)?.received ?? 0,
		stored: (connection) => byConnection.get(connection)?.stored ?? 0,
		duplicate: (connection) => byConnection.get(connection)?.duplicate ?? 0,
		add(connection, what, rows) {
			let count = byConnection.get(connection);
			if (!count) {
				count = { received: 0, stored: 0, duplicate: 0 };
				byConnection.set(connection, count);
			}
			count[what] += rows;
			total[what] += rows;
		},
		total: (what) => total[what],
	};
}
