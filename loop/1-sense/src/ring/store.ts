import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { NumberRange } from "@millwright/core";
import { isCorrupt, openDatabase, setAside } from "./database.ts";
import { addLane, type LaneRow, laneWriter, readLanes } from "./lane-table.ts";
import type { Expired, LaneCounts, LaneState, RingBatch, RingRequest, RingSize } from "./messages.ts";
import { openPromises } from "./promised-numbers.ts";
import { openRaised } from "./raised-numbers.ts";
import { prepareOnce } from "./statements.ts";
import { acknowledgedOf, createTrimming } from "./trimming.ts";

type Commit = Extract<RingRequest, { type: "commit" }>;
type Scan = Omit<Extract<RingRequest, { type: "scan" }>, "type" | "id">;

/** Index entries looked at in one step of a search by time; the next commit waits meanwhile. */
const scanStep = 5000;

const orNull = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

/** Pages of log after which it is moved into the file. */
const longLog = 1000;
const pageBytes = 4096;

/** What a commit adds to the log, roughly: its rows, and the tables' edges that every commit touches. */
const pagesOf = ({ batches, tagCounts }: Commit): number =>
	8 +
	batches.reduce((sum, { bytes }) => sum + bytes.length / pageBytes, 0) +
	tagCounts.reduce((sum, [, packed]) => sum + packed.length / pageBytes, 0);

const batchOf = (connection: string, row: Record<string, unknown>, bytes: Uint8Array): RingBatch => ({
	connection,
	first: Number(row.first),
	last: Number(row.last),
	firstMs: Number(row.ms),
	oldestMs: Number(row.oldest_ms ?? Number.NaN),
	newestMs: Number(row.newest_ms ?? Number.NaN),
	bytes,
});

/** The ring's SQLite file. Synchronous: lives in a worker thread. */
export function openRingStore({ file, nowMs, hardBytes }: { file: string; nowMs: number; hardBytes: number }) {
	const promises = openPromises(`${file}.numbers.json`);
	const lanes = new Map<string, LaneRow>();
	const meta = new Map<string, number>();
	const size: RingSize = { bytes: 0, rows: 0, oldestMs: 0 };
	const statement = prepareOnce(() => db);
	/** By lane: counts of tags are in the file for all numbers below. */
	const countedBelow = new Map<number, number>();
	let quarantined: string | undefined;
	let isNew = false;
	let logPages = 0;
	let db: DatabaseSync;
	let writeLane: ReturnType<typeof laneWriter>;
	const trimming = createTrimming({
		statement,
		size,
		lanes: () => lanes.values(),
		countedBelow: (lane) => countedBelow.get(lane) ?? Number.POSITIVE_INFINITY,
	});
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
			statement.forget();
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
		countedBelow.clear();
		for (const lane of readLanes(db)) {
			lanes.set(lane.connection, lane);
			if (lane.tagCounts) countedBelow.set(lane.id, lane.tagCounts.next);
		}
		for (const row of db.prepare("SELECT name, value FROM meta").iterate()) meta.set(String(row.name), Number(row.value));
		isNew = !meta.has("since_ms");
		if (isNew) putMeta("since_ms", nowMs);
		size.bytes = meta.get("bytes") ?? 0;
		size.rows = meta.get("rows") ?? 0;
		trimming.measureOldest();
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

	/** What is acknowledged may only grow: a fresh consumer's first word must not undo what an earlier one said. */
	function acknowledge(lane: LaneRow, through: number, apart: NumberRange[]): void {
		lane.acknowledged = Math.max(lane.acknowledged, Math.min(through, lane.next - 1));
		if (apart.length === 0 && lane.apart.length === 0) return;
		lane.apart = apart.filter(({ first }) => first > lane.acknowledged);
		statement("DELETE FROM apart WHERE lane = ?").run(lane.id);
		for (const { first, last } of lane.apart)
			statement("INSERT INTO apart (lane, first, last) VALUES (?, ?, ?)").run(lane.id, first, last);
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
			for (const [connection, { apart, ...carried }] of request.carried) {
				const lane = Object.assign(laneOf(connection), carried);
				acknowledge(lane, carried.acknowledged, apart);
			}
			const insert = statement(
				"INSERT INTO batch (lane, first, last, ms, bytes, blob, oldest_ms, newest_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			);
			for (const { connection, first, last, firstMs, oldestMs, newestMs, bytes } of request.batches) {
				const lane = laneOf(connection);
				lane.next = last + 1;
				lane.committedMs = request.nowMs;
				if (bytes.length === 0) {
					lane.expired += last - first + 1;
					continue;
				}
				insert.run(lane.id, first, last, firstMs, bytes.length, bytes, orNull(oldestMs), orNull(newestMs));
				size.bytes += bytes.length;
				size.rows += last - first + 1;
			}
			for (const [connection, through, apart] of request.acknowledged) acknowledge(laneOf(connection), through, apart);
			for (const [connection, counts] of request.counts) Object.assign(laneOf(connection), counts satisfies LaneCounts);
			const expired = trimming.trim(request, laneOf);
			for (const lane of copies.values()) writeLane(lane);
			const counted = request.tagCounts.map(([connection, packed, next]): [number, number] => {
				const { id } = laneOf(connection);
				statement("UPDATE lane SET tag_counts = ?, tag_counts_next = ? WHERE id = ?").run(packed, next, id);
				return [id, next];
			});
			statement("UPDATE meta SET value = ? WHERE name = 'bytes'").run(size.bytes);
			statement("UPDATE meta SET value = ? WHERE name = 'rows'").run(size.rows);
			statement("UPDATE meta SET value = max(value, ?) WHERE name = 'longest_outage_ms'").run(request.longestOutageMs);
			db.exec("COMMIT");
			for (const [connection, lane] of copies) lanes.set(connection, lane);
			for (const [lane, next] of counted) countedBelow.set(lane, next);
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

	return {
		quarantined,
		isNew,
		size,
		commit,
		lanes: (): LaneState[] => [...lanes.values()],
		since: (): number => meta.get("since_ms") ?? nowMs,
		longestOutage: (): number => Number(statement("SELECT value FROM meta WHERE name = 'longest_outage_ms'").get()?.value ?? 0),
		/** Gives back what the acknowledged oldest take, when the disk is full. True when there was something. */
		makeRoom(acknowledged: Commit["acknowledged"]): boolean {
			db.exec("BEGIN IMMEDIATE");
			try {
				for (const [connection, through, apart] of acknowledged) {
					const lane = lanes.get(connection);
					if (!lane) continue;
					acknowledge(lane, through, apart);
					statement("UPDATE lane SET acknowledged = ? WHERE id = ?").run(lane.acknowledged, lane.id);
				}
				const freed = [...lanes.values()].flatMap((lane) =>
					acknowledgedOf(lane).flatMap(({ first, last }) =>
						statement(
							`DELETE FROM batch WHERE id IN (SELECT id FROM batch WHERE lane = ? AND first >= ? AND first <= ? AND last <= ?
							 ORDER BY first LIMIT 1000) RETURNING bytes, last - first + 1 AS rows`,
						).all(lane.id, first, last, last),
					),
				);
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
				"SELECT first, last, ms, blob, oldest_ms, newest_ms FROM batch WHERE lane = ? AND first >= ? AND first <= ? ORDER BY first",
			);
			// The batch that begins before `from` may reach into it.
			const before = statement("SELECT first, last FROM batch WHERE lane = ? AND first < ? ORDER BY first DESC LIMIT 1").get(
				lane.id,
				from,
			);
			const begin = before && Number(before.last) >= from ? Number(before.first) : from;
			for (const row of rows.iterate(lane.id, begin, through)) {
				const blob = row.blob as Uint8Array<ArrayBuffer>;
				batches.push(batchOf(connection, row, blob));
				bytes += blob.length;
				if (bytes >= maxBytes) break;
			}
			return { batches, goneThrough: lane.goneThrough };
		},
		/** Batches with numbers from `from` on that may hold source times in [fromMs, untilMs); a bounded step through the index. */
		scan({ connection, from, fromMs, untilMs, maxBytes }: Scan): { batches: RingBatch[]; next: number | undefined } {
			const lane = lanes.get(connection);
			const batches: RingBatch[] = [];
			if (!lane) return { batches, next: undefined };
			const entries = statement(
				"SELECT id, first, last, ms, oldest_ms, newest_ms FROM batch INDEXED BY batch_by_span WHERE lane = ? AND first >= ? ORDER BY first LIMIT ?",
			).all(lane.id, from, scanStep);
			let bytes = 0;
			for (const entry of entries) {
				// Batches of an earlier version do not say.
				if (entry.newest_ms !== null && (Number(entry.newest_ms) < fromMs || Number(entry.oldest_ms) >= untilMs)) continue;
				const blob = statement("SELECT blob FROM batch WHERE id = ?").get(Number(entry.id))?.blob as Uint8Array<ArrayBuffer>;
				batches.push(batchOf(connection, entry, blob));
				bytes += blob.length;
				if (bytes >= maxBytes) return { batches, next: Number(entry.last) + 1 };
			}
			return { batches, next: entries.length < scanStep ? undefined : Number(entries.at(-1)?.last) + 1 };
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
