import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { copySqlite } from "./sqlite-copy.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const folderForTest = () => {
	const folder = mkdtempSync(join(tmpdir(), "copy-"));
	folders.push(folder);
	return folder;
};

test("a file that is written to meanwhile is copied as it was at one moment, with what only its log holds", async () => {
	const folder = folderForTest();
	const from = join(folder, "a.sqlite");
	const db = new DatabaseSync(from);
	db.exec(
		"PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE pair (a INTEGER, b INTEGER); PRAGMA user_version=7",
	);
	const both = db.prepare("INSERT INTO pair VALUES (?, ?)");
	let number = 0;
	const write = () => {
		db.exec("BEGIN");
		for (let i = 0; i < 50; i++) both.run(number, number++);
		db.exec("COMMIT");
	};
	write();
	const writing = setInterval(write, 0);
	for (let round = 0; round < 3; round++) {
		const to = join(folder, `copy-${round}.sqlite`);
		const least = number;
		await copySqlite({ from, to });
		const copy = new DatabaseSync(to, { readOnly: true });
		const { count, uneven } = copy
			.prepare("SELECT count(*) AS count, count(*) FILTER (WHERE a <> b) AS uneven FROM pair")
			.get() as {
			count: number;
			uneven: number;
		};
		expect(count % 50).toBe(0);
		expect(count).toBeGreaterThanOrEqual(least);
		expect(uneven).toBe(0);
		expect(copy.prepare("PRAGMA user_version").get()).toEqual({ user_version: 7 });
		copy.close();
	}
	clearInterval(writing);
	db.close();
});

test("a damaged file and a target that exists are refused, and nothing of a failed copy stays", async () => {
	const folder = folderForTest();
	const from = join(folder, "a.sqlite");
	writeFileSync(from, "this is not a database at all, however long it may be".repeat(100));
	await expect(copySqlite({ from, to: join(folder, "b.sqlite") })).rejects.toMatchObject({
		code: "runtime.file-damaged",
		place: from,
	});
	expect(existsSync(join(folder, "b.sqlite"))).toBe(false);
	writeFileSync(join(folder, "kept"), "mine");
	await expect(copySqlite({ from, to: join(folder, "kept") })).rejects.toMatchObject({ code: "runtime.copy-exists" });
	expect(readFileSync(join(folder, "kept"), "utf8")).toBe("mine");
});

test("a copy can be called off", async () => {
	const folder = folderForTest();
	const from = join(folder, "a.sqlite");
	new DatabaseSync(from).exec("CREATE TABLE a (b)");
	const off = AbortSignal.abort(new Error("no more"));
	await expect(copySqlite({ from, to: join(folder, "b.sqlite"), signal: off })).rejects.toThrow("no more");
	expect(existsSync(join(folder, "b.sqlite"))).toBe(false);
});
