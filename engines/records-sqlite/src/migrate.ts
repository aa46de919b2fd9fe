import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type Log, type Migration, MillwrightError } from "@millwright/core";
import { copyTo } from "./copy.ts";
import { asRecordsError } from "./failure.ts";

const keptSnapshots = 5;

/** Of the words of the statements: spaces may change, what they say may not. */
const checksumOf = ({ up }: Migration): string =>
	createHash("sha256")
		.update(JSON.stringify(up.map((sql) => sql.replace(/\s+/g, " ").trim())))
		.digest("hex");

const stepOf = (name: string): string => name.slice(0, name.indexOf("/"));

/**
 * Brings the database to the program's state: each pending migration once, in name order, in a transaction of its own.
 * Before an existing database is touched, a snapshot of it is laid beside it.
 */
export function migrate(about: { sqlite: DatabaseSync; file: string; migrations: readonly Migration[]; log: Log }): void {
	const { sqlite, file, log } = about;
	const migrations = [...about.migrations].sort((a, b) => (a.name < b.name ? -1 : 1));
	checkNames(migrations);
	sqlite.exec(
		"CREATE TABLE IF NOT EXISTS millwright_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
	);
	const applied = new Map(
		sqlite
			.prepare("SELECT name, checksum FROM millwright_migrations ORDER BY name")
			.all()
			.map((row) => [String(row.name), String(row.checksum)]),
	);
	checkApplied(migrations, applied, file);
	const pending = migrations.filter(({ name }) => !applied.has(name));
	if (pending.length === 0) return;
	if (applied.size > 0 && file !== ":memory:") snapshot(sqlite, file, log);
	for (const migration of pending) apply(sqlite, migration, file);
	log.info("Records migrated", { migrations: pending.map(({ name }) => name) });
}

function checkNames(migrations: readonly Migration[]): void {
	const names = new Set<string>();
	for (const { name } of migrations) {
		if (!/^[a-z0-9-]+\/\d{3,}-[a-z0-9-]+$/.test(name) || names.has(name))
			throw new MillwrightError("records.migration-name", `"${name}" is taken or not a name of the form step/001-what`);
		names.add(name);
	}
}

function checkApplied(migrations: readonly Migration[], applied: ReadonlyMap<string, string>, file: string): void {
	const known = new Map(migrations.map((migration) => [migration.name, migration]));
	const newer = [...applied.keys()].filter((name) => !known.has(name));
	if (newer.length > 0)
		throw new MillwrightError("records.newer-than-program", `The records were written by a newer version (${newer.join(", ")})`, {
			kind: "outage",
			place: file,
			hint: `Start the newer version again, or put back the snapshot it made before migrating: ${basename(file)}.before-…`,
		});
	for (const [name, checksum] of applied)
		if (checksumOf(known.get(name) as Migration) !== checksum)
			throw new MillwrightError(
				"records.migration-edited",
				`The migration ${name} differs from the one these records were made with`,
				{
					kind: "bug",
					place: file,
					hint: "A released migration is never edited: restore it, and put the change into a new one.",
				},
			);
	const highest = new Map<string, string>();
	for (const name of applied.keys()) highest.set(stepOf(name), name);
	for (const { name } of migrations)
		if (!applied.has(name) && name < (highest.get(stepOf(name)) ?? ""))
			throw new MillwrightError("records.migration-out-of-order", `The migration ${name} comes before one that has run already`, {
				kind: "bug",
				place: file,
				hint: "Give the new migration the next number of its step.",
			});
}

function apply(sqlite: DatabaseSync, migration: Migration, file: string): void {
	sqlite.exec("BEGIN IMMEDIATE");
	try {
		for (const sql of migration.up) sqlite.exec(sql);
		sqlite
			.prepare("INSERT INTO millwright_migrations (name, checksum, applied_at) VALUES (?, ?, unixepoch() * 1000)")
			.run(migration.name, checksumOf(migration));
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
