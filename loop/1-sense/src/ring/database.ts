import { existsSync, renameSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

export const ringSchema = 3;

/** The ring's SQLite file, its tables made; throws when it is not sound. */
export function openDatabase(file: string, hardBytes: number): DatabaseSync {
	const db = new DatabaseSync(file);
	try {
		// The store moves the log by itself, when nobody waits.
		db.exec("PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0");
		const pageSize = Number(db.prepare("PRAGMA page_size").get()?.page_size ?? 4096);
		db.exec(`PRAGMA max_page_count=${Math.max(64, Math.ceil(hardBytes / pageSize))}; PRAGMA journal_size_limit=67108864`);
		const found = Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0);
		if (found > ringSchema) throw new Error(`${file} was written by a newer version of Millwright`);
		if (found === 1) fromVersionOne(db);
		if (found === 1 || found === 2) fromVersionTwo(db);
		db.exec(`
			CREATE TABLE IF NOT EXISTS lane (
				id INTEGER PRIMARY KEY AUTOINCREMENT, connection TEXT NOT NULL UNIQUE, next INTEGER NOT NULL,
				acknowledged INTEGER NOT NULL, gone_through INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0,
				committed_ms INTEGER NOT NULL DEFAULT 0, read INTEGER NOT NULL DEFAULT 0, filtered INTEGER NOT NULL DEFAULT 0,
				rejected INTEGER NOT NULL DEFAULT 0, made INTEGER NOT NULL DEFAULT 0, begin INTEGER NOT NULL DEFAULT 0, tag_counts BLOB, tag_counts_next INTEGER) STRICT;
			CREATE TABLE IF NOT EXISTS batch (
				id INTEGER PRIMARY KEY AUTOINCREMENT, lane INTEGER NOT NULL REFERENCES lane, first INTEGER NOT NULL, last INTEGER NOT NULL,
				ms INTEGER NOT NULL, bytes INTEGER NOT NULL, blob BLOB NOT NULL, oldest_ms INTEGER, newest_ms INTEGER) STRICT;
			CREATE UNIQUE INDEX IF NOT EXISTS batch_by_span ON batch (lane, first, last, ms, oldest_ms, newest_ms);
			CREATE TABLE IF NOT EXISTS apart (lane INTEGER NOT NULL REFERENCES lane, first INTEGER NOT NULL, last INTEGER NOT NULL,
				PRIMARY KEY (lane, first)) STRICT, WITHOUT ROWID;
			CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
			INSERT OR IGNORE INTO meta VALUES ('bytes', 0), ('rows', 0), ('longest_outage_ms', 0);
			PRAGMA user_version=${ringSchema}`);
		// Touches root, index and the last pages: a torn or foreign file shows here and not in the middle of work.
		db.prepare("SELECT count(*) FROM lane").get();
		db.prepare("SELECT id, blob FROM batch ORDER BY id DESC LIMIT 1").get();
		db.prepare("SELECT lane, first FROM batch ORDER BY lane DESC, first DESC LIMIT 1").get();
		return db;
	} catch (thrown) {
		db.close();
		throw thrown;
	}
}

/** For an upgrade while nobody has it open: the tables of today, then closed. */
export const bringRingUp = (file: string): void => openDatabase(file, Number.MAX_SAFE_INTEGER / 2).close();

/** SQLite's own numbers: 11 CORRUPT, 26 NOTADB. */
export function isCorrupt(thrown: unknown): boolean {
	const code = (thrown as { errcode?: number }).errcode ?? 0;
	return (code & 0xff) === 11 || (code & 0xff) === 26;
}
/** Less than this is no room, bytes. */
const noRoom = 1_000_000;

/** SQLite's 13 FULL; 10 IOERR is a full disk too where there is no room, and else the disk's own trouble. */
export function isFull(thrown: unknown, file: string): boolean {
	const { errcode = 0, code = "" } = thrown as { errcode?: number; code?: string };
	if ((errcode & 0xff) === 13 || ["ENOSPC", "EDQUOT", "EFBIG"].includes(code)) return true;
	if ((errcode & 0xff) !== 10) return false;
	try {
		const { bavail, bsize } = statfsSync(dirname(file));
		return bavail * bsize < noRoom;
	} catch {
		return false;
	}
}

/** The broken file is kept for whoever wants to rescue something. Returns its new name. */
export function setAside(file: string, nowMs: number): string {
	const aside = `${file}.broken-${nowMs}`;
	for (const ending of ["", "-wal", "-shm"]) if (existsSync(file + ending)) renameSync(file + ending, aside + ending);
	return aside;
}

/** Source times of batches were not known; the index that finds batches by number carries them now. */
function fromVersionTwo(db: DatabaseSync): void {
	db.exec(`
		BEGIN IMMEDIATE;
		ALTER TABLE batch ADD COLUMN oldest_ms INTEGER;
		ALTER TABLE batch ADD COLUMN newest_ms INTEGER;
		DROP INDEX IF EXISTS batch_by_number;
		PRAGMA user_version=3;
		COMMIT`);
}

/** Rows of the platform's own were not counted, and what was lost in memory had no numbers. */
function fromVersionOne(db: DatabaseSync): void {
	db.exec(`
		BEGIN IMMEDIATE;
		ALTER TABLE lane ADD COLUMN made INTEGER NOT NULL DEFAULT 0;
		ALTER TABLE lane ADD COLUMN begin INTEGER NOT NULL DEFAULT 0;
		UPDATE lane SET read = read - overflowed, expired = expired + overflowed;
		UPDATE lane SET made = next + filtered + rejected - read;
		UPDATE lane SET read = read + made, made = 0 WHERE made < 0;
		ALTER TABLE lane DROP COLUMN overflowed;
		PRAGMA user_version=2;
		COMMIT`);
}
