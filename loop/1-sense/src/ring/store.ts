import { existsSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isCorrupt, openDatabase, setAside } from "./database.ts";
import { addLane, type LaneRow, laneWriter, readLanes } from "./lane-table.ts";
import type { Expired, LaneCounts, LaneState, RingBatch, RingRequest, RingSize } from "./messages.ts";
import { openPromises } from "./promised-numbers.ts";
import { openRaised } from "./raised-numbers.ts";

type Commit = Extract<RingRequest, { type: "commit" }>;

/** Pages of log after which it is moved into the file. */
const longLog = 1000;
const pageBytes = 4096;

/** What a commit adds to the log, roughly: its rows, and the tables' edges that every commit touches. */
const pagesOf = ({ batches, tagCounts }: Commit): number =>
	8 +
	batches.reduce((sum, { bytes }) => sum + bytes.length / pageBytes, 0) +
	tagCounts.reduce((sum, [, packed]) => sum + packed.length / pageBytes, 0);

/** The ring's SQLite file. Synchronous: lives in a worker thread. */
export function openRingStore({ file, nowMs, hardBytes }: { file: string; nowMs: number; hardBytes: number }) {
	const promises = openPromises(`${file}.numbers.json`);
	const lanes = new Map<string, LaneRow>();
	const meta = new Map<string, number>();
	const size: RingSize = { bytes: 0, rows: 0, oldestMs: 0 };
	const statements = new Map<string, StatementSync>();
	let quarantined: string | undefined;
	let isNew = false;
	let logPages = 0;
	let db: DatabaseSync;
	let writeLane: ReturnType<typeof laneWriter>;
	try {
		open();
	} catch (thrown) {
		if (!existsSync(file) || !isCorrupt(thrown)) throw thrown;
		quarantined = setAside(file, nowMs);
		open();
	}

	function open(): void {
		db = openDatabase(file, hardBytes);
		try {
			statements.clear();
			writeLane = laneWriter(db);
			load();
		} catch (thrown) {
			db.close();
			throw thrown;
		}
	}

	function load(): void {
		lanes.clear();
		meta.clear();
		for (const lane of readLanes(db)) lanes.set(lane.connection, lane);
		for (const row of db.prepare("SELECT name, value FROM meta").iterate()) meta.set(String(row.name), Number(row.value));
		isNew = !meta.has("since_ms");
		if (isNew) putMeta("since_ms", nowMs);
		size.bytes = meta.get("bytes") ?? 0;
		size.rows = meta.get("rows") ?? 0;
		measureOldest();
		// A fresh file beside old promises: what was numbered before is lost, and its numbers stay used.
		for (const [connection, promised] of promises.all()) if (!lanes.has(connection) && promised > 0) add(connection, promised);
		raise();
	}

	/** Numbers that somebody used beyond what this file knows are passed over; they do not count as sent. */
	function raise(): void {
		const raised = openRaised(file);
		const wanted = [...raised.all()];
		if (wanted.length === 0) return;
		db.exec("BEGIN IMMEDIATE");
		try {
			for (const [connection, number] of wanted) {
				const lane = lanes.get(connection);
				if (!lane) {
					if (number >= 0) add(connection, number + 1);
					continue;
				}
				const passed = number + 1 - lane.next;
				if (passed <= 0) continue;
				lane.next += passed;
				lane.begin += passed;
				writeLane(lane);
			}
			db.exec("COMMIT");
		} catch (thrown) {
			db.exec("ROLLBACK");
			throw thrown;
		}
		raised.done();
	}

	function putMeta(name: string, value: number): void {
		meta.set(name, value);
		db.prepare("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value").run(
			name,
			value,
		);
	}

	function add(connection: string, next: number): LaneRow {
		const lane = addLane(db, connection, next);
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

	function commit(request: Commit): { expired: Expired[] } {
		promises.keep(request.batches);
		// Memory is only touched once the file has it all.
		const before = { bytes: size.bytes, rows: size.rows };
		const copies = new Map<string, LaneRow>();
		const laneOf = (connection: string): LaneRow => {
			let lane = copies.get(connection);
			if (!lane) {
				lane = { ...(lanes.get(connection) ?? add(connection, 0)) };
				copies.set(connection, lane);
			}
			return lane;
		};
		db.exec("BEGIN IMMEDIATE");
		try {
			for (const [connection, carried] of request.carried) Object.assign(laneOf(connection), carried);
			const insert = statement("INSERT INTO batch (lane, first, last, ms, bytes, blob) VALUES (?, ?, ?, ?, ?, ?)");
			for (const { connection, first, last, firstMs, bytes } of request.batches) {
				const lane = laneOf(connection);
				lane.next = last + 1;
				lane.committedMs = request.nowMs;
				if (bytes.length === 0) {
					lane.expired += last - first + 1;
					continue;
				}
				insert.run(lane.id, first, last, firstMs, bytes.length, bytes);
				size.bytes += bytes.length;
				size.rows += last - first + 1;
			}
			for (const [connection, through] of request.acknowledged) {
				const lane = laneOf(connection);
				lane.acknowledged = Math.max(lane.acknowledged, Math.min(through, lane.next - 1));
			}
			for (const [connection, counts] of request.counts) Object.assign(laneOf(connection), counts satisfies LaneCounts);
			const expired = trim(request, laneOf);
			for (const lane of copies.values()) writeLane(lane);
			for (const [connection, packed, next] of request.tagCounts)
				statement("UPDATE lane SET tag_counts = ?, tag_counts_next = ? WHERE id = ?").run(packed, next, laneOf(connection).id);
			statement("UPDATE meta SET value = ? WHERE name = 'bytes'").run(size.bytes);
			statement("UPDATE meta SET value = ? WHERE name = 'rows'").run(size.rows);
			statement("UPDATE meta SET value = max(value, ?) WHERE name = 'longest_outage_ms'").run(request.longestOutageMs);
			db.exec("COMMIT");
			for (const [connection, lane] of copies) lanes.set(connection, lane);
			logPages += pagesOf(request);
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
	function trim({ nowMs: now, keepMs, maxBytes }: Commit, laneOf: (connection: string) => LaneRow): Expired[] {
		const expired = new Map<string, Expired>();
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
				expired.set(lane.connection, [lane.connection, sum?.[1] ?? last - lost + 1, last, (sum?.[3] ?? 0) + lost]);
			}
		}
		measureOldest();
		return [...expired.values()];
	}

	return {
		quarantined,
		isNew,
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
		/** Moves the log into the file once it is long; to be called when nobody waits for an answer. */
		checkpoint({ from = longLog }: { from?: number } = {}): void {
			if (logPages < from) return;
			try {
				db.exec("PRAGMA wal_checkpoint(PASSIVE)");
				logPages = 0;
			} catch {
				// The log grows; the next commit tells what is wrong, or there is room again.
			}
		},
		close(): void {
			db.close();
		},
	};
}
