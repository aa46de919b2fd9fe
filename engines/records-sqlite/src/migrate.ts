import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type Log, type Migration, MillwrightError } from "@millwright/core";
import { migrationChecksum, pendingMigrations } from "@millwright/runtime";
import { copyTo } from "./copy.ts";
import { asRecordsError } from "./failure.ts";

const keptSnapshots = 5;

/**
 * Brings the database to the program's state: each pending migration once, in name order, in a transaction of its own.
 * Before an existing database is touched, a snapshot of it is laid beside it.
 */
export function migrate(about: {
	sqlite: DatabaseSync;
	file: string;
	migrations: readonly Migration[];
	log: Log;
	/** False where the caller has made one of more than this. */
	snapshot: boolean;
}): void {
	const { sqlite, file, log } = about;
	sqlite.exec(
		"CREATE TABLE IF NOT EXISTS millwright_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
	);
	const applied = new Map(
		sqlite
			.prepare("SELECT name, checksum FROM millwright_migrations ORDER BY name")
			.all()
			.map((row) => [String(row.name), String(row.checksum)]),
	);
	const pending = pendingMigrations({
		migrations: about.migrations,
		applied,
		place: file,
		wayBack: `Start the newer version again, or put back the snapshot it made before migrating: ${basename(file)}.before-…`,
	});
	if (pending.length === 0) return;
	if (about.snapshot && applied.size > 0 && file !== ":memory:") snapshot(sqlite, file, log);
	for (const migration of pending) apply(sqlite, migration, file);
	log.info("Records migrated", { migrations: pending.map(({ name }) => name) });
}

function apply(sqlite: DatabaseSync, migration: Migration, file: string): void {
	sqlite.exec("BEGIN IMMEDIATE");
	try {
		for (const sql of migration.up) sqlite.exec(sql);
		sqlite
			.prepare("INSERT INTO millwright_migrations (name, checksum, applied_at) VALUES (?, ?, unixepoch() * 1000)")
			.run(migration.name, migrationChecksum(migration));
		sqlite.exec("COMMIT");
	} catch (thrown) {
		if (sqlite.isTransaction) sqlite.exec("ROLLBACK");
		const reason = asRecordsError(thrown, file);
		throw new MillwrightError("records.migration-failed", `The migration ${migration.name} failed: ${reason.message}`, {
			kind: reason.kind,
			place: file,
			hint: reason.hint ?? "The records are as they were before it; start the former version and report this.",
			cause: thrown,
		});
	}
}

/** `<file>.before-<n>`: n counts up, the newest few stay. */
function snapshot(sqlite: DatabaseSync, file: string, log: Log): void {
	const prefix = `${basename(file)}.before-`;
	const numbers = readdirSync(dirname(file))
		.filter((name) => name.startsWith(prefix))
		.map((name) => Number(name.slice(prefix.length)))
		.filter((number) => Number.isInteger(number))
		.sort((a, b) => a - b);
	const place = join(dirname(file), `${prefix}${String((numbers.at(-1) ?? 0) + 1).padStart(3, "0")}`);
	copyTo(sqlite, place);
	for (const old of numbers.slice(0, Math.max(0, numbers.length - keptSnapshots + 1)))
		rmSync(join(dirname(file), `${prefix}${String(old).padStart(3, "0")}`), { force: true });
	log.info("Snapshot of the records before migrating", { file: place });
}
