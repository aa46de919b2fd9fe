import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Migration } from "@millwright/core";
import { type PostgresqlTarget, silentLog } from "@millwright/runtime";
import { type PostgresqlServer, postgresqlMissing, startPostgresqlServer } from "@millwright/testkit/postgresql-server";
import { recordsSuite, suiteMigrations } from "@millwright/testkit/records-suite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openRecords, type PostgresqlRecords, type RecordsOptions } from "./records.ts";

interface Things {
	things: { id: string; size: number };
}
const first: Migration = { name: "things/001-things", up: ["CREATE TABLE things (id TEXT PRIMARY KEY)"] };
const second: Migration = { name: "things/002-size", up: ["ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 1"] };

describe.skipIf(postgresqlMissing)(`records on PostgreSQL${postgresqlMissing ? ` (skipped: ${postgresqlMissing})` : ""}`, () => {
	const folder = mkdtempSync(join(tmpdir(), "millwright-records-"));
	let server: PostgresqlServer;
	let databases = 0;

	beforeAll(async () => {
		server = await startPostgresqlServer();
	});
	afterAll(async () => {
		await server.stop();
		rmSync(folder, { recursive: true, force: true });
	});

	const newTarget = (): PostgresqlTarget => ({
		host: server.host,
		port: server.port,
		user: server.user,
		database: server.createDatabase(`records_${++databases}`),
	});
	const openWith = (target: PostgresqlTarget, migrations: readonly Migration[], more: Partial<RecordsOptions> = {}) =>
		openRecords({ target, log: silentLog, migrations, snapshotFolder: folder, startWithinMs: 0, ...more });
	const started = async (...given: Parameters<typeof openWith>): Promise<PostgresqlRecords> => {
		const records = openWith(...given);
		try {
			await records.start();
		} catch (thrown) {
			await records.close();
			throw thrown;
		}
		return records;
	};

	describe("as every records engine", () => {
		recordsSuite(() => started(newTarget(), suiteMigrations));
	});

	test("a database two versions behind is brought up in one go, with a snapshot of how it was", async () => {
		const target = newTarget();
		const before = await started(target, [first]);
		await before
			.tables<Things>()
			.insertInto("things")
			.values({ id: "a" } as Things["things"])
			.execute();
		await before.close();
		const other: Migration = { name: "others/001-others", up: ["CREATE TABLE others (id TEXT PRIMARY KEY)"] };
		const records = await started(target, [second, other, first]);
		expect(await records.tables<Things>().selectFrom("things").selectAll().execute()).toEqual([{ id: "a", size: 1 }]);
		await records.close();
		const [snapshot] = readdirSync(folder).filter((name) => name.startsWith("records.before-"));
		const old = new DatabaseSync(join(folder, snapshot as string), { readOnly: true });
		expect(old.prepare("SELECT * FROM things").all()).toEqual([{ id: "a" }]);
		old.close();
	});

	test("a migration that fails leaves the records as they were, together with those before it", async () => {
		const target = newTarget();
		await (await started(target, [first])).close();
		const broken: Migration = { name: "things/003-broken", up: ["ALTER TABLE nowhere ADD COLUMN x INTEGER"] };
		await expect(started(target, [first, second, broken])).rejects.toMatchObject({ code: "records.migration-failed" });
		const records = await started(target, [first]);
		expect((await records.check()).problems).toEqual([]);
		await records.close();
	});

	test("an edited migration, a forgotten number and a newer version are refused", async () => {
		const target = newTarget();
		await (await started(target, [first, second])).close();
		await expect(started(target, [first])).rejects.toMatchObject({ code: "records.newer-than-program", kind: "outage" });
		const edited: Migration = { ...second, up: ["ALTER TABLE things ADD COLUMN size INTEGER"] };
		await expect(started(target, [first, edited])).rejects.toMatchObject({ code: "records.migration-edited" });
		const late: Migration = { name: "things/000-late", up: [] };
		await expect(started(target, [late, first, second])).rejects.toMatchObject({ code: "records.migration-out-of-order" });
	});

	test("servers that start together migrate once", async () => {
		const target = newTarget();
		const all = await Promise.all([1, 2, 3, 4].map(() => started(target, [first, second])));
		for (const records of all) {
			expect(await records.tables<Things>().selectFrom("things").selectAll().execute()).toEqual([]);
			await records.close();
		}
	});

	test("words sort by their bytes and whole numbers have room, as in SQLite", async () => {
		const records = await started(newTarget(), [first, second]);
		const db = records.tables<Things>();
		const ids = ["b", "A", "a", "Z", "ä"];
		for (const id of ids) await db.insertInto("things").values({ id, size: 5_000_000_000 }).execute();
		const rows = await db.selectFrom("things").selectAll().orderBy("id").execute();
		expect(rows.map(({ id }) => id)).toEqual(["A", "Z", "a", "b", "ä"]);
		expect(rows[0]?.size).toBe(5_000_000_000);
		expect(
			await db
				.selectFrom("things")
				.select(({ fn }) => fn.countAll<number>().as("all"))
				.executeTakeFirstOrThrow(),
		).toEqual({ all: 5 });
		await records.close();
	});

	test("a backup is an SQLite file, and fills another database with the same", async () => {
		const records = await started(newTarget(), suiteMigrations);
		const db = records.tables<Record<string, Record<string, unknown>>>();
		for (let i = 0; i < 600; i++)
			await db
				.insertInto("suite_orders")
				.values({
					id: `o${i}`,
					title: `Línea ${i}`,
					open: 1,
					due_at: i % 2 ? null : 1_767_600_000_123,
					note: null,
					weight: i / 3,
				})
				.execute();
		await db.insertInto("suite_lines").values({ number: 1, order_id: "o7", amount: 3 }).execute();
		const file = join(folder, "backup.sqlite");
		await records.backupTo(file);
		const given = await db.selectFrom("suite_orders").selectAll().orderBy("id").execute();
		const copy = new DatabaseSync(file, { readOnly: true });
		expect(
			copy
				.prepare("SELECT * FROM suite_orders ORDER BY id")
				.all()
				.map((row) => ({ ...row })),
		).toEqual(given);
		expect(copy.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
		copy.close();
		await expect(records.backupTo(file)).rejects.toMatchObject({ code: "records.copy-exists", kind: "conflict" });
		await expect(records.restoreFrom(file)).rejects.toMatchObject({ code: "records.not-empty", kind: "conflict" });
		await records.close();

		const other = openWith(newTarget(), suiteMigrations);
		expect(await other.restoreFrom(file)).toEqual({ rows: 601 });
		await other.start();
		const again = other.tables<Record<string, Record<string, unknown>>>();
		expect(await again.selectFrom("suite_orders").selectAll().orderBy("id").execute()).toEqual(given);
		await again.deleteFrom("suite_orders").execute();
		expect(await again.selectFrom("suite_lines").selectAll().execute()).toEqual([]);
		await other.close();
	});

	test("records of the embedded engine move in at the first start; two sets of records are not mixed", async () => {
		const file = join(folder, "records.sqlite");
		const before = await started(newTarget(), [first]);
		await before
			.tables<Things>()
			.insertInto("things")
			.values({ id: "kept" } as Things["things"])
			.execute();
		await before.backupTo(file);
		await before.close();
		const target = newTarget();
		const records = await started(target, [first, second], { seedFile: file });
		expect(await records.tables<Things>().selectFrom("things").selectAll().execute()).toEqual([{ id: "kept", size: 1 }]);
		await records.close();
		const moved = readdirSync(folder).find((name) => name.startsWith("records.sqlite.moved-"));
		expect(existsSync(file)).toBe(false);
		renameSync(join(folder, moved as string), file);
		await expect(started(target, [first, second], { seedFile: file })).rejects.toMatchObject({
			code: "records.two",
			kind: "conflict",
		});
		expect(existsSync(file)).toBe(true);
	});

	test("asking to write outside from inside a transaction ends in an error, not in silence; reading sees what was before", async () => {
		const records = await started(newTarget(), [first, second], { longestWaitMs: 50 });
		const db = records.tables<Things>();
		const knot = db.transaction().execute(async (change) => {
			await change.insertInto("things").values({ id: "a", size: 1 }).execute();
			expect(await db.selectFrom("things").selectAll().execute()).toEqual([]);
			await db.insertInto("things").values({ id: "b", size: 1 }).execute();
		});
		await expect(knot).rejects.toMatchObject({ code: "records.busy", kind: "busy" });
		expect(await db.selectFrom("things").selectAll().execute()).toEqual([]);
		await records.close();
	});

	test("a transaction whose failure was caught inside does not pass for committed", async () => {
		const records = await started(newTarget(), [first, second]);
		const db = records.tables<Things>();
		const doomed = db.transaction().execute(async (change) => {
			await change.insertInto("things").values({ id: "a", size: 1 }).execute();
			await change
				.insertInto("things")
				.values({ id: "a", size: 1 })
				.execute()
				.catch(() => {});
		});
		await expect(doomed).rejects.toMatchObject({ code: "records.transaction-failed" });
		expect(await db.selectFrom("things").selectAll().execute()).toEqual([]);
		await records.close();
	});

	test("a question that takes too long is ended by the server", async () => {
		const target = newTarget();
		const records = await started(target, [first, second], { statementMs: 100 });
		const db = records.tables<Things>();
		await db.insertInto("things").values({ id: "a", size: 1 }).execute();
		const { sql } = await import("kysely");
		await expect(sql`select pg_sleep(20)`.execute(db)).rejects.toMatchObject({ code: "records.too-slow", kind: "busy" });
		expect(await db.selectFrom("things").select("id").execute()).toEqual([{ id: "a" }]);
		await records.close();
	});

	test("wrong addresses and names say what is wrong and what to do", async () => {
		const target = newTarget();
		await expect(started({ ...target, port: 1 }, [first])).rejects.toMatchObject({
			code: "records.not-reachable",
			kind: "outage",
			place: expect.stringContaining(":1/"),
		});
		await expect(started({ ...target, database: "nowhere" }, [first])).rejects.toMatchObject({
			code: "records.database-missing",
		});
		await expect(started({ ...target, user: "nobody" }, [first])).rejects.toMatchObject({ code: "records.sign-in-refused" });
		await expect(started({ ...target, tls: { verify: true } }, [first])).rejects.toMatchObject({ code: "records.tls-refused" });
		expect(() => openWith(target, [first], { schema: 'x"; DROP' })).toThrow(
			expect.objectContaining({ code: "records.schema-name" }),
		);
	});

	test("a killed server is an outage, nothing committed is lost, and the records come back with it by themselves", {
		timeout: 60_000,
	}, async () => {
		// One of its own: after a kill every file of every database is synced.
		const doomed = await startPostgresqlServer();
		onTestFinished(() => doomed.stop());
		const { host, port, user } = doomed;
		const records = await started({ host, port, user, database: doomed.createDatabase("doomed") }, [first, second]);
		const db = records.tables<Things>();
		await db.insertInto("things").values({ id: "before", size: 1 }).execute();
		const cutOff = db.transaction().execute(async (change) => {
			await change.insertInto("things").values({ id: "half", size: 1 }).execute();
			await doomed.kill();
			await change.insertInto("things").values({ id: "other half", size: 1 }).execute();
		});
		await expect(cutOff).rejects.toMatchObject({ kind: "outage" });
		await expect(db.selectFrom("things").selectAll().execute()).rejects.toMatchObject({
			code: "records.not-reachable",
			kind: "outage",
		});
		expect(records.health().state).toBe("failing");
		await doomed.restart();
		await db.insertInto("things").values({ id: "after", size: 1 }).execute();
		expect((await db.selectFrom("things").select("id").orderBy("id").execute()).map(({ id }) => id)).toEqual(["after", "before"]);
		expect(records.health().state).toBe("good");
		await records.close();
	});
});
