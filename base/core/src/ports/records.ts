/** One step forward for a step's tables; never edited once released. SQL must run on SQLite and PostgreSQL. */
export interface Migration {
	/** "<step>/<number>-<what>", e.g. "access/001-accounts". Steps run in name order, each once. */
	name: string;
	up: readonly string[];
}
