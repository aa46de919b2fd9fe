import type { DatabaseSync } from "node:sqlite";
import type { LaneState } from "./messages.ts";

/** A connection as the file knows it. */
export interface LaneRow extends LaneState {
	id: number;
}

export function readLanes(db: DatabaseSync): LaneRow[] {
	const apart = Map.groupBy(
		db
			.prepare("SELECT lane, first, last FROM apart ORDER BY lane, first")
			.all()
			.map(({ lane, first, last }) => ({ lane: Number(lane), first: Number(first), last: Number(last) })),
		({ lane }) => lane,
	);
	return db
		.prepare("SELECT * FROM lane")
		.all()
		.map((row) => ({
			id: Number(row.id),
			connection: String(row.connection),
			next: Number(row.next),
			acknowledged: Number(row.acknowledged),
			apart: (apart.get(Number(row.id)) ?? []).map(({ first, last }) => ({ first, last })),
			goneThrough: Number(row.gone_through),
			expired: Number(row.expired),
			committedMs: Number(row.committed_ms),
			read: Number(row.read),
			filtered: Number(row.filtered),
			rejected: Number(row.rejected),
			made: Number(row.made),
			begin: Number(row.begin),
			...(row.tag_counts instanceof Uint8Array
				? { tagCounts: { packed: row.tag_counts as Uint8Array<ArrayBuffer>, next: Number(row.tag_counts_next) } }
				: {}),
		}));
}

/** Numbers below `next` are used and will never be seen again. */
export function addLane(db: DatabaseSync, connection: string, next: number): LaneRow {
	const { lastInsertRowid } = db
		.prepare("INSERT INTO lane (connection, next, begin, acknowledged, gone_through) VALUES (?, ?, ?, -1, ?)")
		.run(connection, next, next, next - 1);
	return {
		id: Number(lastInsertRowid),
		connection,
		next,
		begin: next,
		acknowledged: -1,
		apart: [],
		goneThrough: next - 1,
		expired: 0,
		committedMs: 0,
		read: 0,
		filtered: 0,
		rejected: 0,
		made: 0,
	};
}

/** Everything but the tags' counts, prepared once. */
export function laneWriter(db: DatabaseSync): (lane: LaneRow) => void {
	const update = db.prepare(
		`UPDATE lane SET next = ?, begin = ?, acknowledged = ?, gone_through = ?, expired = ?, committed_ms = ?, read = ?, filtered = ?,
		 rejected = ?, made = ? WHERE id = ?`,
	);
	return (lane) =>
		void update.run(
			lane.next,
			lane.begin,
			lane.acknowledged,
			lane.goneThrough,
			lane.expired,
			lane.committedMs,
			lane.read,
			lane.filtered,
			lane.rejected,
			lane.made,
			lane.id,
		);
}
