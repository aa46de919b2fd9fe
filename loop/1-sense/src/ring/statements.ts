import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Statements of one database, each prepared once. */
export type Statements = (sql: string) => StatementSync;

export function prepareOnce(database: () => DatabaseSync): Statements & { forget(): void } {
	const ready = new Map<string, StatementSync>();
	const statement = (sql: string): StatementSync => {
		let found = ready.get(sql);
		if (!found) {
			found = database().prepare(sql);
			ready.set(sql, found);
		}
		return found;
	};
	return Object.assign(statement, { forget: () => ready.clear() });
}
