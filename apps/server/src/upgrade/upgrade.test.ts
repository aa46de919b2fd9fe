import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Migration } from "@millwright/core";
import { createClock, silentLog, type UpgradeStore, upgradeData } from "@millwright/runtime";
import { afterEach, expect, test } from "vitest";
import { migrations } from "../migrations.ts";
import { makeRecords, makeRing, ringSchemas, rowsOf } from "./fixtures-for-test.ts";
import { upgradeStores } from "./stores.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folderForTest(): string {
	const folder = mkdtempSync(join(tmpdir(), "upgrade-"));
	folders.push(folder);
	return folder;
}
const log = silentLog;
const clock = createClock();
const upgrade = (data: string, stores: readonly UpgradeStore[] = upgradeStores({ log })) =>
	upgradeData({ data, version: "9.9.9", stores, clock, log });

const inOrder = [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1));
/** As each release left them: a prefix of each step's migrations, alone and with all of the others. */
const earlier = inOrder.flatMap((_, length) => {
	const prefix = inOrder.slice(0, length + 1);
	const last = inOrder[length] as Migration;
	const step = last.name.slice(0, last.name.indexOf("/") + 1);
	const others = inOrder.filter(({ name }) => !name.startsWith(step) || name <= last.name);
	return [prefix, others];
});

test.each(earlier.map((applied) => [applied.map(({ name }) => name).join(" "), applied] as const))(
	"records that had run only %s come to today's tables, with every row",
	async (_names, applied) => {
		const data = folderForTest();
		const file = join(data, "records.sqlite");
		makeRecords(file, applied);
		const before = rowsOf(file);
		expect(Object.values(before).reduce((sum, rows) => sum + rows, 0)).toBeGreaterThan(10);
		const { stores } = await upgrade(data);
		expect(stores).toEqual(applied.length === migrations.length ? [] : ["records"]);
		const after = rowsOf(file);
		expect(after).toMatchObject(before);
		const db = new DatabaseSync(file, { readOnly: true });
		expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
		const ran = db.prepare("SELECT name FROM millwright_migrations ORDER BY name").all();
		expect(ran.map(({ name }) => name)).toEqual(inOrder.map(({ name }) => name));
		db.close();
		// Once more changes nothing.
		expect(await upgrade(data)).toEqual({ stores: [], recovered: false });
	},
);

test.each(ringSchemas)(
	"a ring of schema %i comes to today's with its batches and counts, and keeps a snapshot",
	async (schema) => {
		const data = folderForTest();
		const file = join(data, "sense", "ring.db");
		mkdirSync(dirname(file), { recursive: true });
		makeRing(file, schema);
		const [ring] = upgradeStores({ log }).filter(({ name }) => name === "ring") as [UpgradeStore];
		const isOld = schema < (ring.current as number);
		expect((await upgrade(data)).stores).toEqual(isOld ? ["ring"] : []);
		const db = new DatabaseSync(file, { readOnly: true });
		expect(db.prepare("PRAGMA user_version").get()).toEqual({ user_version: ring.current });
		expect(
			db.prepare("SELECT connection, next, acknowledged, read, filtered, rejected, made, expired FROM lane").all(),
		).toMatchObject([{ connection: "press", next: 30, acknowledged: 9 }]);
		const lane = db.prepare("SELECT next, begin, read, filtered, rejected, made FROM lane").get() as Record<string, number>;
		const { next, begin, read, filtered, rejected, made } = lane as Record<
			"next" | "begin" | "read" | "filtered" | "rejected" | "made",
			number
		>;
		expect(read + made).toBe(next - begin + filtered + rejected);
		expect(db.prepare("SELECT first, last, bytes - length(blob) AS off FROM batch ORDER BY first").all()).toEqual([
			{ first: 10, last: 19, off: 0 },
			{ first: 20, last: 29, off: 0 },
		]);
		db.close();
		if (isOld) {
			const [snapshot] = readdirSync(join(data, "before-upgrade"));
			const kept = new DatabaseSync(join(data, "before-upgrade", snapshot as string, "sense/ring.db"), { readOnly: true });
			expect(kept.prepare("PRAGMA user_version").get()).toEqual({ user_version: schema });
			kept.close();
		}
	},
);

test("a fresh folder needs no upgrade and says what it is", async () => {
	const data = folderForTest();
	expect(await upgrade(data)).toEqual({ stores: [], recovered: false });
	expect(existsSync(join(data, "before-upgrade"))).toBe(false);
	expect(JSON.parse(readFileSync(join(data, "schema.json"), "utf8"))).toMatchObject({
		version: "9.9.9",
		schemas: { tags: 1, records: inOrder.map(({ name }) => name) },
	});
});

const bytesOf = (folder: string): Record<string, string> =>
	Object.fromEntries(
		readdirSync(folder, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => [
				join(entry.parentPath, entry.name),
				createHash("sha256")
					.update(readFileSync(join(entry.parentPath, entry.name)))
					.digest("hex"),
			]),
	);

test("data of a newer version is refused by its name, before anything else is brought up to date", async () => {
	const data = folderForTest();
	makeRecords(join(data, "records.sqlite"), [...migrations, { name: "twin/999-later", up: ["CREATE TABLE later (a INTEGER)"] }]);
	mkdirSync(join(data, "sense"));
	makeRing(join(data, "sense", "ring.db"), 1);
	writeFileSync(join(data, "schema.json"), JSON.stringify({ format: 1, version: "12.0.0", at: 1, schemas: {} }));
	const before = bytesOf(data);
	await expect(upgrade(data)).rejects.toMatchObject({
		code: "upgrade.data-newer",
		kind: "input",
		message: expect.stringMatching(/12\.0\.0.*people, keys and events/),
	});
	expect(bytesOf(data)).toEqual(before);
});

test("a failing step undoes all of it, also what had gone well before, and the former version can start", async () => {
	const data = folderForTest();
	makeRecords(join(data, "records.sqlite"), migrations);
	mkdirSync(join(data, "sense"));
	makeRing(join(data, "sense", "ring.db"), 1);
	const broken: Migration[] = [
		...migrations,
		{ name: "zeal/001-good", up: ["CREATE TABLE good (a INTEGER)"] },
		{ name: "zeal/002-bad", up: ["DROP TABLE good", "INSERT INTO nowhere VALUES (1)"] },
	];
	const before = rowsOf(join(data, "records.sqlite"));
	await expect(upgrade(data, upgradeStores({ log, migrations: broken }))).rejects.toMatchObject({
		code: "upgrade.failed",
		message: expect.stringContaining("zeal/002-bad"),
		hint: expect.stringContaining("former version"),
	});
	const ring = new DatabaseSync(join(data, "sense", "ring.db"), { readOnly: true });
	expect(ring.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
	ring.close();
	expect(rowsOf(join(data, "records.sqlite"))).toEqual(before);
	expect(existsSync(join(data, "upgrade-under-way.json"))).toBe(false);
	expect((await upgrade(data)).stores).toEqual(["ring"]);
});
