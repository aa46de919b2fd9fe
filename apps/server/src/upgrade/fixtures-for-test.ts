import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { encodeBatch, type Migration, SampleBatchBuilder } from "@millwright/core";
import { migrationChecksum } from "@millwright/runtime";

/** The records as a release left them that had only these migrations, with rows in every table. */
export function makeRecords(file: string, applied: readonly Migration[]): void {
	const db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
	db.exec("PRAGMA journal_mode=WAL");
	db.exec("CREATE TABLE millwright_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)");
	const insert = db.prepare("INSERT INTO millwright_migrations VALUES (?, ?, 1700000000000)");
	for (const migration of [...applied].sort((a, b) => (a.name < b.name ? -1 : 1))) {
		for (const sql of migration.up) db.exec(sql);
		insert.run(migration.name, migrationChecksum(migration));
	}
	for (const { name } of db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[])
		if (name !== "millwright_migrations") fill(db, name);
	db.close();
}

/** Rows that fit whatever the columns ask: each its own key, texts and numbers by their type. */
function fill(db: DatabaseSync, table: string): void {
	const columns = db.prepare(`PRAGMA table_info("${table}")`).all() as { name: string; type: string; pk: number }[];
	const insert = db.prepare(
		`INSERT INTO "${table}" (${columns.map(({ name }) => `"${name}"`).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
	);
	for (let row = 1; row <= 12; row++)
		insert.run(
			...columns.map(({ name, type }): SQLInputValue => {
				if (/INT|BIGINT/i.test(type)) return row;
				if (/DOUBLE|REAL/i.test(type)) return row / 3;
				// Lists are kept as JSON.
				return /^(?:roles|publish|subscribe)$/.test(name) ? "[]" : `${name}-${row}`;
			}),
		);
}

/** How many rows each table holds. */
export function rowsOf(file: string): Record<string, number> {
	const db = new DatabaseSync(file, { readOnly: true });
	const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
	const rows = Object.fromEntries(
		tables
			.filter(({ name }) => name !== "millwright_migrations" && !name.startsWith("sqlite_"))
			.map(({ name }) => [name, Number(db.prepare(`SELECT count(*) AS n FROM "${name}"`).get()?.n)]),
	);
	db.close();
	return rows;
}

/** The ring's tables as each released schema made them; never edited, a new one is added. */
const ringTables: Record<number, string> = {
	1: `CREATE TABLE lane (
			id INTEGER PRIMARY KEY AUTOINCREMENT, connection TEXT NOT NULL UNIQUE, next INTEGER NOT NULL,
			acknowledged INTEGER NOT NULL, gone_through INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0,
			overflowed INTEGER NOT NULL DEFAULT 0,
			committed_ms INTEGER NOT NULL DEFAULT 0, read INTEGER NOT NULL DEFAULT 0, filtered INTEGER NOT NULL DEFAULT 0,
			rejected INTEGER NOT NULL DEFAULT 0, tag_counts BLOB, tag_counts_next INTEGER) STRICT`,
	2: `CREATE TABLE lane (
			id INTEGER PRIMARY KEY AUTOINCREMENT, connection TEXT NOT NULL UNIQUE, next INTEGER NOT NULL,
			acknowledged INTEGER NOT NULL, gone_through INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0,
			committed_ms INTEGER NOT NULL DEFAULT 0, read INTEGER NOT NULL DEFAULT 0, filtered INTEGER NOT NULL DEFAULT 0,
			rejected INTEGER NOT NULL DEFAULT 0, made INTEGER NOT NULL DEFAULT 0, begin INTEGER NOT NULL DEFAULT 0,
			tag_counts BLOB, tag_counts_next INTEGER) STRICT`,
};
export const ringSchemas = Object.keys(ringTables).map(Number);

/** A ring with 30 numbers given, the first ten acknowledged and gone, and two batches of tag 1 kept, row i with the value i. */
export function makeRing(file: string, schema: number): void {
	const db = new DatabaseSync(file);
	db.exec(`PRAGMA journal_mode=WAL;
		${ringTables[schema]};
		CREATE TABLE batch (
			id INTEGER PRIMARY KEY AUTOINCREMENT, lane INTEGER NOT NULL REFERENCES lane, first INTEGER NOT NULL, last INTEGER NOT NULL,
			ms INTEGER NOT NULL, bytes INTEGER NOT NULL, blob BLOB NOT NULL) STRICT;
		CREATE UNIQUE INDEX batch_by_number ON batch (lane, first, last);
		CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
		INSERT INTO meta VALUES ('bytes', 200), ('rows', 20), ('longest_outage_ms', 0), ('since_ms', 1700000000000);
		PRAGMA user_version=${schema}`);
	db.exec(
		`INSERT INTO lane (id, connection, next, acknowledged, gone_through, read, filtered, rejected) VALUES (1, 'press', 30, 9, 9, 36, 5, 1)`,
	);
	const insert = db.prepare("INSERT INTO batch (lane, first, last, ms, bytes, blob) VALUES (1, ?, ?, ?, ?, ?)");
	for (const first of [10, 20]) {
		const rows = new SampleBatchBuilder(10);
		for (let i = first; i < first + 10; i++) rows.add(1, 1_700_000_000_000_000_000n + BigInt(i) * 1_000_000n, i, 0);
		const blob = encodeBatch(rows.take({ connection: "press", first, last: first + 9, historical: false }));
		// Of today: what is older than the ring keeps is let go of.
		insert.run(first, first + 9, Date.now(), blob.length, blob);
	}
	db.close();
}
