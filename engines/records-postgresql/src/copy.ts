import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type Migration, MillwrightError } from "@millwright/core";
import { pendingMigrations } from "@millwright/runtime";
import type { ClientBase } from "pg";
import { aloneInSchema, appliedMigrations, apply } from "./migrate.ts";
import { inputValue } from "./types.ts";

const rowsAtOnce = 500;
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Tables of the steps in an SQLite file, whoever is referred to before whoever refers. */
function tablesOf(sqlite: DatabaseSync): { name: string; columns: string[] }[] {
	const names = sqlite
		.prepare(
			"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'millwright_migrations'",
		)
		.all()
		.map((row) => String(row.name));
	const inOrder: string[] = [];
	const add = (name: string) => {
		if (inOrder.includes(name)) return;
		for (const row of sqlite.prepare(`PRAGMA foreign_key_list(${quoted(name)})`).all())
			if (row.table !== name) add(String(row.table));
		inOrder.push(name);
	};
	for (const name of names) add(name);
	return inOrder.map((name) => ({
		name,
		columns: sqlite
			.prepare(`PRAGMA table_info(${quoted(name)})`)
			.all()
			.map((row) => String(row.name)),
	}));
}

/** The records as they are at one moment, as the SQLite file the other engine would have: one form of backup for both. */
export async function copyToFile(client: ClientBase, file: string, migrations: readonly Migration[]): Promise<void> {
	if (existsSync(file))
		throw new MillwrightError("records.copy-exists", "A file of that name exists already", {
			kind: "conflict",
			place: file,
			hint: "Choose another name, or move the file away.",
		});
	const part = `${file}.part`;
	rmSync(part, { force: true });
	const sqlite = new DatabaseSync(part, { enableForeignKeyConstraints: false });
	try {
		sqlite.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF");
		await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
		try {
			const { rows: applied } = await client.query("SELECT name, checksum, applied_at FROM millwright_migrations ORDER BY name");
			const known = new Map(migrations.map((migration) => [migration.name, migration]));
			for (const { name } of applied) for (const sql of known.get(name)?.up ?? []) sqlite.exec(sql);
			sqlite.exec(
				"CREATE TABLE IF NOT EXISTS millwright_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
			);
			const own = { name: "millwright_migrations", columns: ["name", "checksum", "applied_at"] };
			for (const table of [own, ...tablesOf(sqlite)]) await pour(client, sqlite, table);
		} finally {
			await client.query("ROLLBACK").catch(() => {});
		}
		const broken = sqlite.prepare("PRAGMA foreign_key_check").all();
		if (broken.length > 0)
			throw new MillwrightError("records.copy-broken", `${broken.length} references of the copy lead nowhere`);
		sqlite.close();
		sync(part);
		renameSync(part, file);
		sync(dirname(file));
	} catch (thrown) {
		if (sqlite.isOpen) sqlite.close();
		rmSync(part, { force: true });
		throw thrown;
	}
}

async function pour(
	client: ClientBase,
	sqlite: DatabaseSync,
	{ name, columns }: { name: string; columns: string[] },
): Promise<void> {
	const list = columns.map(quoted).join(", ");
	// A migration may have put rows there; what counts is what the records hold now.
	sqlite.exec(`DELETE FROM ${quoted(name)}`);
	const insert = sqlite.prepare(`INSERT INTO ${quoted(name)} (${list}) VALUES (${columns.map(() => "?").join(", ")})`);
	await client.query(`DECLARE pouring NO SCROLL CURSOR FOR SELECT ${list} FROM ${quoted(name)}`);
	for (;;) {
		const { rows } = await client.query({ text: `FETCH ${rowsAtOnce} FROM pouring`, rowMode: "array" });
		if (rows.length === 0) break;
		sqlite.exec("BEGIN");
		for (const row of rows as unknown[][]) insert.run(...row.map((value) => value as SQLInputValue));
		sqlite.exec("COMMIT");
	}
	await client.query("CLOSE pouring");
}

/** Fills records that hold nothing yet from an SQLite file of either engine, in one transaction. */
export async function fillFromFile(
	client: ClientBase,
	about: { schema: string; place: string; file: string; migrations: readonly Migration[] },
): Promise<{ rows: number }> {
	const { schema, place, file, migrations } = about;
	if (!existsSync(file))
		throw new MillwrightError("records.copy-missing", "There is no such file", { kind: "missing", place: file });
	const sqlite = new DatabaseSync(file, { readOnly: true });
	try {
		return await aloneInSchema(client, schema, async () => {
			if ((await appliedMigrations(client, schema)).size > 0)
				throw new MillwrightError("records.not-empty", "The database holds records already", {
					kind: "conflict",
					place,
					hint: "Restore into a new database or another schema.",
				});
			const names = sqlite.prepare("SELECT name, checksum FROM millwright_migrations ORDER BY name").all();
			const applied = new Map(names.map((row) => [String(row.name), String(row.checksum)]));
			pendingMigrations({ migrations, applied, place: file, wayBack: "Restore it with the version that made it." });
			let rows = 0;
			await client.query("BEGIN");
			try {
				const inOrder = migrations.filter(({ name }) => applied.has(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
				await apply(client, inOrder, place);
				for (const table of tablesOf(sqlite)) rows += await fill(client, sqlite, table);
				await client.query("COMMIT");
			} catch (thrown) {
				await client.query("ROLLBACK").catch(() => {});
				throw thrown;
			}
			return { rows };
		});
	} finally {
		sqlite.close();
	}
}

async function fill(
	client: ClientBase,
	sqlite: DatabaseSync,
	{ name, columns }: { name: string; columns: string[] },
): Promise<number> {
	const list = columns.map(quoted).join(", ");
	await client.query(`DELETE FROM ${quoted(name)}`);
	let rows = 0;
	let waiting: unknown[][] = [];
	const flush = async () => {
		if (waiting.length === 0) return;
		let parameter = 0;
		const tuples = waiting.map((row) => `(${row.map(() => `$${++parameter}`).join(", ")})`).join(", ");
		await client.query(`INSERT INTO ${quoted(name)} (${list}) VALUES ${tuples}`, waiting.flat().map(inputValue));
		rows += waiting.length;
		waiting = [];
	};
	// At most 65,535 parameters a statement.
	const atOnce = Math.max(1, Math.min(rowsAtOnce, Math.floor(60_000 / columns.length)));
	for (const row of sqlite.prepare(`SELECT ${list} FROM ${quoted(name)}`).iterate()) {
		waiting.push(columns.map((column) => row[column]));
		if (waiting.length >= atOnce) await flush();
	}
	await flush();
	return rows;
}

function sync(path: string): void {
	// Windows cannot open a folder, nor fsync a file opened for reading.
	if (process.platform === "win32") return;
	const handle = openSync(path, "r");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}
