import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { LaneCounts, LaneState, RingBatch, RingRequest, RingSize } from "./messages.ts";

type Commit = Extract<RingRequest, { type: "commit" }>;

/** Numbers are promised in blocks of this size to a file beside the ring, so that a lost ring never repeats one. */
const promiseStep = 1_000_000;
const schemaVersion = 1;

interface Lane extends LaneState {
	id: number;
}

/** The ring's SQLite file. Synchronous: lives in a worker thread. */
export function openRingStore({ file, nowMs, hardBytes }: { file: string; nowMs: number; hardBytes: number }) {
	const promises = openPromises(`${file}.numbers.json`);
	let quarantined: string | undefined;
	let db: DatabaseSync;
	try {
		db = openDatabase(file, hardBytes);
	} catch (thrown) {
		if (!existsSync(file) || !isCorrupt(thrown)) throw thrown;
		quarantined = setAside(file, nowMs);
		db = openDatabase(file, hardBytes);
	}
	const lanes = new Map<string, Lane>();
	const meta = new Map<string, number>();
	const size: RingSize = { bytes: 0, rows: 0, oldestMs: 0 };
	const statements = new Map<string, StatementSync>();
	load();

	function load(): void {
		lanes.clear();
		for (const row of db.prepare("SELECT * FROM lane").iterate()) {
			const lane: Lane = {
				id: Number(row.id),
				connection: String(row.connection),
				next: Number(row.next),
				acknowledged: Number(row.acknowledged),
				goneThrough: Number(row.gone_through),
				expired: Number(row.expired),
				committedMs: Number(row.committed_ms),
				read: Number(row.read),
				filtered: Number(row.filtered),
				rejected: Number(row.rejected),
				overflowed: Number(row.overflowed),
			};
			if (row.tag_counts instanceof Uint8Array) lane.tagCounts = { packed: row.tag_counts, next: Number(row.tag_counts_next) };
			lanes.set(lane.connection, lane);
		}
		for (const row of db.prepare("SELECT name, value FROM meta").iterate()) meta.set(String(row.name), Number(row.value));
		if (!meta.has("since_ms")) putMeta("since_ms", nowMs);
		size.bytes = meta.get("bytes") ?? 0;
		size.rows = meta.get("rows") ?? 0;
		measureOldest();
		// A fresh file beside old promises: what was numbered before is lost, and its numbers stay used.
		for (const [connection, promised] of promises.all())
			if (!lanes.has(connection) && promised > 0) addLane(connection, promised, promised);
	}

	function putMeta(name: string, value: number): void {
		meta.set(name, value);
		db.prepare("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value").run(
			name,
			value,
		);
	}

	function addLane(connection: string, next: number, gone: number): Lane {
		const { lastInsertRowid } = db
			.prepare("INSERT INTO lane (connection, next, acknowledged, gone_through) VALUES (?, ?, -1, ?)")
			.run(connection, next, gone - 1);
		const lane: Lane = {
			id: Number(lastInsertRowid),
			connection,
			next,
			acknowledged: -1,
			goneThrough: gone - 1,
			expired: 0,
			committedMs: 0,
			read: 0,
			filtered: 0,
			rejected: 0,
			overflowed: 0,
		};
		lanes.set(connection, lane);
		return lane;
	}

	function measureOldest(): void {
		const row = statement("SELECT ms FROM batch ORDER BY id LIMIT 1").get();
		size.oldestMs = row ? Number(row.ms) : 0;
	}

	function statement(sql: string): StatementSync {
		let ready = statements.get(sql);
		if (!ready) {
			ready = db.prepare(sql);
			statements.set(sql, ready);
		}
		return ready;
	}

	function commit(request: Commit): { expired: [string, number, number][] } {
		promises.keep(request.batches);
		// Memory is only touched once the file has it all.
		const before = { bytes: size.bytes, rows: size.rows };
		const copies = new Map<string, Lane>();
		const laneOf = (connection: string): Lane => {
			let lane = copies.get(connection);
			if (!lane) {
				lane = { ...(lanes.get(connection) ?? addLane(connection, 0, 0)) };
				copies.set(connection, lane);
			}
			return lane;
		};
		db.exec("BEGIN IMMEDIATE");
		try {
			const insert = statement("INSERT INTO batch (lane, first, last, ms, bytes, blob) VALUES (?, ?, ?, ?, ?, ?)");
			for (const { connection, first, last, firstMs, bytes } of request.batches) {
				const lane = laneOf(connection);
				insert.run(lane.id, first, last, firstMs, bytes.length, bytes);
				lane.next = last + 1;
				// After a lost file the promised numbers stand for the used ones until the owner says better.
				if (first <= lane.goneThrough) lane.goneThrough = first - 1;
				lane.committedMs = request.nowMs;
				size.bytes += bytes.length;
				size.rows += last - first + 1;
			}
			for (const [connection, through] of request.acknowledged) {
				const lane = laneOf(connection);
				lane.acknowledged = Math.max(lane.acknowledged, Math.min(through, lane.next - 1));
			}
			for (const [connection, counts] of request.counts) Object.assign(laneOf(connection), counts satisfies LaneCounts);
			const expired = trim(request, laneOf);
			const update = statement(
				`UPDATE lane SET next = ?, acknowledged = ?, gone_through = ?, expired = ?, committed_ms = ?, read = ?, filtered = ?,
				 rejected = ?, overflowed = ? WHERE id = ?`,
			);
			for (const lane of copies.values())
				update.run(
					lane.next,
					lane.acknowledged,
					lane.goneThrough,
					lane.expired,
					lane.committedMs,
					lane.read,
					lane.filtered,
					lane.rejected,
					lane.overflowed,
					lane.id,
				);
			for (const [connection, packed, next] of request.tagCounts)
				statement("UPDATE lane SET tag_counts = ?, tag_counts_next = ? WHERE id = ?").run(packed, next, laneOf(connection).id);
			statement("UPDATE meta SET value = ? WHERE name = 'bytes'").run(size.bytes);
			statement("UPDATE meta SET value = ? WHERE name = 'rows'").run(size.rows);
			statement("UPDATE meta SET value = max(value, ?) WHERE name = 'longest_outage_ms'").run(request.longestOutageMs);
			db.exec("COMMIT");
			for (const [connection, lane] of copies) lanes.set(connection, lane);
			return { expired };
		} catch (thrown) {
			Object.assign(size, before);
			try {
				db.exec("ROLLBACK");
			} catch {
				// SQLite has rolled back by itself.
			}
			reloadLanes();
			throw thrown;
		}
	}

	/** Lanes made within a failed transaction are gone with it. */
	function reloadLanes(): void {
		try {
			const known = new Set([...db.prepare("SELECT connection FROM lane").iterate()].map((row) => String(row.connection)));
			for (const connection of lanes.keys()) if (!known.has(connection)) lanes.delete(connection);
		} catch {
			// The file cannot be read now; the next commit says so.
		}
	}

	/** Oldest first: what is too old, and as much as is too large. A bounded step each time, so that no commit waits for long. */
	function trim({ nowMs: now, keepMs, maxBytes }: Commit, laneOf: (connection: string) => Lane): [string, number, number][] {
		const expired = new Map<string, [string, number, number]>();
		const names = new Map([...lanes.values()].map((lane) => [lane.id, lane.connection]));
		let steps = 0;
		while (steps < 2000 && (size.bytes > maxBytes || (size.oldestMs > 0 && size.oldestMs < now - keepMs))) {
			const oldest = statement("SELECT id, lane, first, last, ms, bytes FROM batch ORDER BY id LIMIT 64").all();
			if (oldest.length === 0) break;
			for (const row of oldest) {
				const [ms, bytes, first, last] = [Number(row.ms), Number(row.bytes), Number(row.first), Number(row.last)];
				size.oldestMs = ms;
				if (size.bytes <= maxBytes && ms >= now - keepMs) return [...expired.values()];
				statement("DELETE FROM batch WHERE id = ?").run(Number(row.id));
				steps++;
				size.bytes -= bytes;
				size.rows -= last - first + 1;
				const lane = laneOf(names.get(Number(row.lane)) as string);
				const lost = last - Math.max(first - 1, lane.acknowledged, lane.goneThrough);
				if (lost <= 0) continue;
				lane.expired += lost;
				lane.goneThrough = last;
				const sum = expired.get(lane.connection);
				expired.set(lane.connection, [lane.connection, last, (sum?.[2] ?? 0) + lost]);
			}
		}
		measureOldest();
		return [...expired.values()];
	}

	return {
		quarantined,
		size,
		commit,
		lanes: (): LaneState[] => [...lanes.values()],
		since: (): number => meta.get("since_ms") ?? nowMs,
		longestOutage: (): number => Number(statement("SELECT value FROM meta WHERE name = 'longest_outage_ms'").get()?.value ?? 0),
		/** Gives back what the acknowledged oldest take, when the disk is full. True when there was something. */
		makeRoom(acknowledged: readonly [connection: string, through: number][]): boolean {
			db.exec("BEGIN IMMEDIATE");
			try {
				for (const [connection, through] of acknowledged) {
					const lane = lanes.get(connection);
					if (!lane) continue;
					lane.acknowledged = Math.max(lane.acknowledged, Math.min(through, lane.next - 1));
					statement("UPDATE lane SET acknowledged = ? WHERE id = ?").run(lane.acknowledged, lane.id);
				}
				const freed = db
					.prepare(
						`DELETE FROM batch WHERE id IN (SELECT batch.id FROM batch JOIN lane ON lane.id = batch.lane
						 WHERE batch.last <= lane.acknowledged ORDER BY batch.id LIMIT 1000) RETURNING bytes, last - first + 1 AS rows`,
					)
					.all();
				for (const row of freed) {
					size.bytes -= Number(row.bytes);
					size.rows -= Number(row.rows);
				}
				statement("UPDATE meta SET value = ? WHERE name = 'bytes'").run(size.bytes);
				statement("UPDATE meta SET value = ? WHERE name = 'rows'").run(size.rows);
				db.exec("COMMIT");
				return freed.length > 0;
			} catch (thrown) {
				db.exec("ROLLBACK");
				throw thrown;
			}
		},
		/** Batches of a connection that hold numbers in [from, through], in order. */
		read(connection: string, from: number, through: number, maxBytes: number): { batches: RingBatch[]; goneThrough: number } {
			const lane = lanes.get(connection);
			if (!lane) return { batches: [], goneThrough: -1 };
			const batches: RingBatch[] = [];
			let bytes = 0;
			const rows = statement(
				"SELECT first, last, ms, blob FROM batch WHERE lane = ? AND first >= ? AND first <= ? ORDER BY first",
			);
			// The batch that begins before `from` may reach into it.
			const before = statement("SELECT first, last FROM batch WHERE lane = ? AND first < ? ORDER BY first DESC LIMIT 1").get(
				lane.id,
				from,
			);
			const begin = before && Number(before.last) >= from ? Number(before.first) : from;
			for (const row of rows.iterate(lane.id, begin, through)) {
				const blob = row.blob as Uint8Array<ArrayBuffer>;
				batches.push({ connection, first: Number(row.first), last: Number(row.last), firstMs: Number(row.ms), bytes: blob });
				bytes += blob.length;
				if (bytes >= maxBytes) break;
			}
			return { batches, goneThrough: lane.goneThrough };
		},
		close(): void {
			db.close();
		},
	};
}
export type RingStore = ReturnType<typeof openRingStore>;

function openDatabase(file: string, hardBytes: number): DatabaseSync {
	const db = new DatabaseSync(file);
	try {
		db.exec("PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000");
		const pageSize = Number(db.prepare("PRAGMA page_size").get()?.page_size ?? 4096);
		db.exec(`PRAGMA max_page_count=${Math.max(64, Math.ceil(hardBytes / pageSize))}; PRAGMA journal_size_limit=67108864`);
		const found = Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0);
		if (found > schemaVersion) throw new Error(`${file} was written by a newer version of Millwright`);
		db.exec(`
			CREATE TABLE IF NOT EXISTS lane (
				id INTEGER PRIMARY KEY AUTOINCREMENT, connection TEXT NOT NULL UNIQUE, next INTEGER NOT NULL,
				acknowledged INTEGER NOT NULL, gone_through INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0,
				committed_ms INTEGER NOT NULL DEFAULT 0, read INTEGER NOT NULL DEFAULT 0, filtered INTEGER NOT NULL DEFAULT 0,
				rejected INTEGER NOT NULL DEFAULT 0, overflowed INTEGER NOT NULL DEFAULT 0, tag_counts BLOB, tag_counts_next INTEGER) STRICT;
			CREATE TABLE IF NOT EXISTS batch (
				id INTEGER PRIMARY KEY AUTOINCREMENT, lane INTEGER NOT NULL REFERENCES lane, first INTEGER NOT NULL, last INTEGER NOT NULL,
				ms INTEGER NOT NULL, bytes INTEGER NOT NULL, blob BLOB NOT NULL) STRICT;
			CREATE UNIQUE INDEX IF NOT EXISTS batch_by_number ON batch (lane, first, last);
			CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
			INSERT OR IGNORE INTO meta VALUES ('bytes', 0), ('rows', 0), ('longest_outage_ms', 0);
			PRAGMA user_version=${schemaVersion}`);
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

/** SQLite's own numbers: 11 CORRUPT, 26 NOTADB. */
export function isCorrupt(thrown: unknown): boolean {
	const code = (thrown as { errcode?: number }).errcode ?? 0;
	return (code & 0xff) === 11 || (code & 0xff) === 26;
}
/** 13 FULL, 10 IOERR (a full disk shows as either). */
export function isFull(thrown: unknown): boolean {
	const code = (thrown as { errcode?: number }).errcode ?? 0;
	return (code & 0xff) === 13 || (code & 0xff) === 10 || (thrown as { code?: string }).code === "ENOSPC";
}

/** The broken file is kept for whoever wants to rescue something. Returns its new name. */
export function setAside(file: string, nowMs: number): string {
	const aside = `${file}.broken-${nowMs}`;
	for (const ending of ["", "-wal", "-shm"]) if (existsSync(file + ending)) renameSync(file + ending, aside + ending);
	return aside;
}

/** Which numbers may have been used, per connection: rarely written, far ahead. */
function openPromises(file: string) {
	const promised = new Map<string, number>();
	try {
		for (const [connection, through] of Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>))
			if (Number.isSafeInteger(through)) promised.set(connection, through as number);
	} catch {
		// Missing at the first start; a broken one is replaced with the next promise.
	}
	return {
		all: (): [string, number][] => [...promised],
		/** Durable before it returns. */
		keep(batches: readonly RingBatch[]): void {
			let isNew = false;
			for (const { connection, last } of batches) {
				if (last < (promised.get(connection) ?? 0)) continue;
				promised.set(connection, Math.ceil((last + 1) / promiseStep) * promiseStep);
				isNew = true;
			}
			if (!isNew) return;
			const temporary = `${file}.new`;
			const handle = openSync(temporary, "w", 0o600);
			try {
				writeSync(handle, JSON.stringify(Object.fromEntries(promised)));
				fsyncSync(handle);
			} finally {
				closeSync(handle);
			}
			renameSync(temporary, file);
			syncFolder(dirname(file));
		},
	};
}

/** A rename is durable once its folder is; Windows has no such handle and needs none. */
function syncFolder(folder: string): void {
	if (process.platform === "win32") return;
	const handle = openSync(folder, "r");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}
