import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Migration } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { recordsSuite, suiteMigrations } from "@millwright/testkit/records-suite";
import { afterAll, describe, expect, test } from "vitest";
import { openRecords } from "./records.ts";

const folder = mkdtempSync(join(tmpdir(), "millwright-records-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = () => join(folder, `records-${++files}.db`);
const openWith = (file: string, migrations: readonly Migration[], longestWaitMs?: number) =>
	openRecords({ file, log: silentLog, migrations, longestWaitMs });

interface Things {
	things: { id: string; size: number };
}
const first: Migration = { name: "things/001-things", up: ["CREATE TABLE things (id TEXT PRIMARY KEY)"] };
const second: Migration = { name: "things/002-size", up: ["ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 1"] };
const snapshotsOf = (file: string) => readdirSync(folder).filter((name) => join(folder, name).startsWith(`${file}.before-`));

describe("as every records engine", () => recordsSuite(async () => openWith(newFile(), suiteMigrations)));

test("what was committed is there after opening again, in WAL with full fsync", async () => {
	const file = newFile();
	const before = openWith(file, [first]);
	await before
		.tables<Things>()
		.insertInto("things")
		.values({ id: "a" } as Things["things"])
		.execute();
	await before.close();
	const after = openWith(file, [first]);
	expect(await after.tables<Things>().selectFrom("things").select("id").execute()).toMatchObject([{ id: "a" }]);
	await after.close();
	const raw = new DatabaseSync(file);
	expect(raw.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "wal" });
	raw.close();
});

test("a database two versions behind is brought up in one go, with a snapshot of how it was", async () => {
	const file = newFile();
	await openWith(file, [first]).close();
	expect(snapshotsOf(file)).toHaveLength(0);
	const other: Migration = { name: "others/001-others", up: ["CREATE TABLE others (id TEXT PRIMARY KEY)"] };
	const records = openWith(file, [second, other, first]);
	await records.tables<Things>().insertInto("things").values({ id: "a", size: 2 }).execute();
	await records.close();
	const [snapshot] = snapshotsOf(file);
	const old = new DatabaseSync(join(folder, snapshot as string), { readOnly: true });
	expect(old.prepare("SELECT name FROM millwright_migrations").all()).toMatchObject([{ name: first.name }]);
	old.close();
	await openWith(file, [first, second, other]).close();
	expect(snapshotsOf(file)).toHaveLength(1);
});

test("only the newest five snapshots stay", async () => {
	const file = newFile();
	const all: Migration[] = [first];
	for (let i = 2; i <= 9; i++) {
		await openWith(file, all).close();
		all.push({ name: `things/00${i}-more`, up: [`CREATE TABLE more_${i} (id TEXT)`] });
	}
	await openWith(file, all).close();
	expect(
		snapshotsOf(file)
			.sort()
			.map((name) => name.slice(-3)),
	).toEqual(["004", "005", "006", "007", "008"]);
});

test("a migration that fails leaves the database as it was", async () => {
	const file = newFile();
	await openWith(file, [first]).close();
	const broken: Migration = { name: "things/002-broken", up: ["CREATE TABLE half (id TEXT)", "CREATE TABLE things (id TEXT)"] };
	expect(() => openWith(file, [first, broken])).toThrow(expect.objectContaining({ code: "records.migration-failed" }));
	const records = openWith(file, [first, second]);
	const tables = await records.db.introspection.getTables();
	expect(tables.map(({ name }) => name)).not.toContain("half");
	await records.close();
});

test("an edited released migration is refused, a merely reformatted one is not", async () => {
	const file = newFile();
	await openWith(file, [first]).close();
	await openWith(file, [{ ...first, up: ["CREATE  TABLE things\n\t(id TEXT PRIMARY KEY)"] }]).close();
	const edited = { ...first, up: ["CREATE TABLE things (id TEXT PRIMARY KEY, size INTEGER)"] };
	expect(() => openWith(file, [edited])).toThrow(expect.objectContaining({ code: "records.migration-edited" }));
});

test("records of a newer version are refused with the way back", async () => {
	const file = newFile();
	await openWith(file, [first, second]).close();
	expect(() => openWith(file, [first])).toThrow(
		expect.objectContaining({ code: "records.newer-than-program", kind: "outage", hint: expect.stringContaining("before-") }),
	);
});

test("a migration slipped in before one that has run is refused", async () => {
	const file = newFile();
	await openWith(file, [first, { name: "things/003-x", up: ["CREATE TABLE x (id TEXT)"] }]).close();
	expect(() => openWith(file, [first, second, { name: "things/003-x", up: ["CREATE TABLE x (id TEXT)"] }])).toThrow(
		expect.objectContaining({ code: "records.migration-out-of-order" }),
	);
});

test("a backup taken while writing goes on is whole and opens", async () => {
	const file = newFile();
	const records = openWith(file, [first, second]);
	const db = records.tables<Things>();
	const writes = Array.from({ length: 50 }, (_, i) =>
		db
			.insertInto("things")
			.values({ id: `t${i}`, size: i })
			.execute(),
	);
	const target = `${file}.backup`;
	await Promise.all([...writes, records.backupTo(target)]);
	await expect(records.backupTo(target)).rejects.toMatchObject({ code: "records.copy-exists", kind: "conflict" });
	await records.close();
	const copy = openWith(target, [first, second]);
	expect(await copy.check()).toEqual({ problems: [] });
	await copy.close();
});

test("a check names a broken reference", async () => {
	const file = newFile();
	await openWith(file, suiteMigrations).close();
	const raw = new DatabaseSync(file, { enableForeignKeyConstraints: false });
	raw.exec("INSERT INTO suite_lines (number, order_id, amount) VALUES (1, 'nowhere', 1)");
	raw.close();
	const records = openWith(file, suiteMigrations);
	expect((await records.check()).problems).toEqual(["suite_lines row 1 refers to a missing row of suite_orders"]);
	await records.close();
});

test("a file that is no database says so", () => {
	const file = newFile();
	writeFileSync(file, "this is a shopping list, not a database, and it is long enough to be read as a header ".repeat(20));
	expect(() => openWith(file, [first])).toThrow(
		expect.objectContaining({ code: "records.not-a-database", kind: "outage", place: file }),
	);
	expect(() => openWith(join(folder, "nowhere", "x.db"), [first])).toThrow(
		expect.objectContaining({ code: "records.not-opened" }),
	);
});

test("asking outside from inside a transaction ends in an error, not in silence", async () => {
	const records = openWith(":memory:", [first, second], 20);
	const db = records.tables<Things>();
	const knot = db.transaction().execute(async () => {
		await db.selectFrom("things").selectAll().execute();
	});
	await expect(knot).rejects.toMatchObject({ code: "records.busy", kind: "busy" });
	expect(await db.selectFrom("things").selectAll().execute()).toEqual([]);
	await records.close();
});
