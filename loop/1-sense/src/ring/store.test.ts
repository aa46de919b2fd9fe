import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { isCorrupt } from "./database.ts";
import type { RingRequest } from "./messages.ts";
import { openRingStore } from "./store.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folderForTest(): string {
	const folder = mkdtempSync(join(tmpdir(), "store-"));
	folders.push(folder);
	return folder;
}

const open = (folder: string) => openRingStore({ file: join(folder, "ring.db"), nowMs: 1_000_000, hardBytes: 1e9 });

function commit(store: ReturnType<typeof open>, first: number, rows: number): void {
	const request: Extract<RingRequest, { type: "commit" }> = {
		type: "commit",
		id: 1,
		nowMs: 1_000_000,
		batches: [
			{
				connection: "press",
				first,
				last: first + rows - 1,
				firstMs: 1_000_000,
				oldestMs: 0,
				newestMs: 0,
				bytes: new Uint8Array(900).fill(first),
			},
		],
		carried: [],
		acknowledged: [],
		counts: [["press", { read: first + rows, filtered: 0, rejected: 0, made: 0 }]],
		tagCounts: [["press", new Uint8Array(400), first]],
		longestOutageMs: 0,
		keepMs: 1e9,
		keepAcknowledgedMs: 1e9,
		maxBytes: 1e9,
	};
	store.commit(request);
}

test("whichever page of the file is damaged, the ring opens or begins a fresh file, and repeats no number", () => {
	const sound = folderForTest();
	const store = open(sound);
	for (let i = 0; i < 40; i++) commit(store, i * 10, 10);
	store.close();
	const bytes = readFileSync(join(sound, "ring.db"));
	const page = 4096;
	let quarantined = 0;
	for (let at = 0; at < bytes.length; at += page) {
		const folder = folderForTest();
		cpSync(sound, folder, { recursive: true });
		const damaged = Buffer.from(bytes);
		damaged.fill(0x5a, at, at + page);
		writeFileSync(join(folder, "ring.db"), damaged);
		const opened = open(folder);
		if (opened.quarantined !== undefined) quarantined++;
		const next = opened.lanes()[0]?.next ?? 0;
		expect(next).toBeGreaterThanOrEqual(400);
		try {
			opened.read("press", 0, 400, 1e9);
			commit(opened, next, 10);
		} catch (thrown) {
			// What the worker takes for the file's end; anything else would keep it failing for ever.
			expect(isCorrupt(thrown)).toBe(true);
		}
		opened.close();
	}
	expect(quarantined).toBeGreaterThan(0);
});

test("a file of the first version is taken over, and its counts add up", () => {
	const folder = folderForTest();
	const old = new DatabaseSync(join(folder, "ring.db"));
	old.exec(`
		CREATE TABLE lane (
			id INTEGER PRIMARY KEY AUTOINCREMENT, connection TEXT NOT NULL UNIQUE, next INTEGER NOT NULL,
			acknowledged INTEGER NOT NULL, gone_through INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0,
			committed_ms INTEGER NOT NULL DEFAULT 0, read INTEGER NOT NULL DEFAULT 0, filtered INTEGER NOT NULL DEFAULT 0,
			rejected INTEGER NOT NULL DEFAULT 0, overflowed INTEGER NOT NULL DEFAULT 0, tag_counts BLOB, tag_counts_next INTEGER) STRICT;
		CREATE TABLE batch (
			id INTEGER PRIMARY KEY AUTOINCREMENT, lane INTEGER NOT NULL REFERENCES lane, first INTEGER NOT NULL, last INTEGER NOT NULL,
			ms INTEGER NOT NULL, bytes INTEGER NOT NULL, blob BLOB NOT NULL) STRICT;
		CREATE UNIQUE INDEX batch_by_number ON batch (lane, first, last);
		INSERT INTO lane (connection, next, acknowledged, gone_through, expired, read, filtered, rejected, overflowed)
			VALUES ('press', 100, 90, -1, 3, 120, 20, 4, 5), ('door', 10, 9, -1, 0, 12, 0, 0, 0);
		INSERT INTO batch (lane, first, last, ms, bytes, blob) VALUES (1, 91, 99, 5, 3, x'010203');
		PRAGMA user_version=1`);
	old.close();
	const store = open(folder);
	const [press, door] = store.lanes();
	expect(press).toMatchObject({ next: 100, begin: 0, read: 115, made: 9, filtered: 20, rejected: 4, expired: 8 });
	expect(door).toMatchObject({ next: 10, read: 10, made: 0, filtered: 0, rejected: 0 });
	// Its batches are found again, though nobody knows their times.
	expect(store.read("press", 91, 99, 1e6).batches).toMatchObject([{ first: 91, last: 99 }]);
	const { batches } = store.scan({ connection: "press", from: 0, fromMs: 1e12, untilMs: 2e12, maxBytes: 1e6 });
	expect(batches).toMatchObject([{ first: 91, oldestMs: Number.NaN }]);
	commit(store, 100, 10);
	store.close();
	expect(open(folder).lanes()[0]).toMatchObject({ next: 110, read: 110 });
});
