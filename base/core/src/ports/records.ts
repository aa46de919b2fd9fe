/** One step forward for a step's tables; never edited once released. SQL must run on SQLite and PostgreSQL. */
export interface Migration {
	/** "<step>/<number>-<what>", e.g. "access/001-accounts". Steps run in name order, each once. */
	name: string;
	up: readonly string[];
}

/**
 * What every records engine offers beside its queries, which are Kysely's and alike on each. Conformance: base/testkit.
 */
export interface RecordsLife {
	/** Nothing can be asked before it resolves: connected where there is something to connect to, and migrated. */
	start(): Promise<void>;
	/** A whole copy while the program runs, as an SQLite file whatever the engine; the file must not exist. */
	backupTo(file: string): Promise<void>;
	/** An empty list is a clean bill. */
	check(): Promise<{ problems: string[] }>;
	/** Waits for what is under way. */
	close(): Promise<void>;
}
