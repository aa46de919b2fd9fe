import { type Log, type Migration, MillwrightError } from "@millwright/core";
import { asPostgresqlError, migrationChecksum, pendingMigrations } from "@millwright/runtime";
import type { ClientBase } from "pg";
import { translated } from "./translate.ts";

/** Any constant nobody else uses; with the schema's name it is the lock that lets one server at a time migrate. */
const lockSpace = 0x6d77;

/** Runs alone among all servers that use the same records. */
export async function aloneInSchema<R>(client: ClientBase, schema: string, work: () => Promise<R>): Promise<R> {
	await client.query("SELECT pg_advisory_lock($1, hashtext($2))", [lockSpace, schema]);
	try {
		return await work();
	} finally {
		await client.query("SELECT pg_advisory_unlock($1, hashtext($2))", [lockSpace, schema]).catch(() => {});
	}
}

export async function appliedMigrations(client: ClientBase, schema: string): Promise<Map<string, string>> {
	await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
	await client.query(
		'CREATE TABLE IF NOT EXISTS millwright_migrations (name TEXT COLLATE "C" PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)',
	);
	const { rows } = await client.query("SELECT name, checksum FROM millwright_migrations ORDER BY name");
	return new Map(rows.map((row: { name: string; checksum: string }) => [row.name, row.checksum]));
}

/** Within the caller's transaction. */
export async function apply(client: ClientBase, migrations: readonly Migration[], place: string): Promise<void> {
	for (const migration of migrations)
		try {
			for (const sql of migration.up) await client.query(translated(sql));
			await client.query("INSERT INTO millwright_migrations (name, checksum, applied_at) VALUES ($1, $2, $3)", [
				migration.name,
				migrationChecksum(migration),
				Date.now(),
			]);
		} catch (thrown) {
			const reason = asPostgresqlError(thrown, "records", place);
			throw new MillwrightError("records.migration-failed", `The migration ${migration.name} failed: ${reason.message}`, {
				kind: reason.kind,
				place,
				hint: reason.hint ?? "The records are as they were before it; start the former version and report this.",
				cause: thrown,
			});
		}
}

/** Brings the database to the program's state, all pending migrations in one transaction or none. */
export async function migrate(about: {
	client: ClientBase;
	schema: string;
	place: string;
	migrations: readonly Migration[];
	log: Log;
	/** Called before records that hold something are changed. */
	snapshot(): Promise<string>;
}): Promise<void> {
	const { client, schema, place, log } = about;
	await aloneInSchema(client, schema, async () => {
		const applied = await appliedMigrations(client, schema);
		const wayBack = "Start the newer version again, or restore the snapshot it made before migrating into an empty database.";
		const pending = pendingMigrations({ migrations: about.migrations, applied, place, wayBack });
		if (pending.length === 0) return;
		if (applied.size > 0) log.info("Snapshot of the records before migrating", { file: await about.snapshot() });
		await client.query("BEGIN");
		try {
			await apply(client, pending, place);
			await client.query("COMMIT");
		} catch (thrown) {
			await client.query("ROLLBACK").catch(() => {});
			throw thrown;
		}
		log.info("Records migrated", { migrations: pending.map(({ name }) => name) });
	});
}
