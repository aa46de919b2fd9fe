import type { NumberRange } from "@millwright/core";
import type { LaneRow } from "./lane-table.ts";
import type { Expired, RingSize } from "./messages.ts";
import type { Statements } from "./statements.ts";

/** Batches deleted within one commit, so that no commit waits for long. */
const mostDeleted = 2000;
/** Looked at together. */
const chunk = 64;
/** With nothing to do, acknowledged batches are looked for so often, ms. */
const sweepEveryMs = 1000;
/** Acknowledged batches make room down to this share of the limit, so that it need not be made at every commit. */
const roomShare = 0.98;

export interface TrimLimits {
	nowMs: number;
	keepMs: number;
	keepAcknowledgedMs: number;
	maxBytes: number;
}

interface Candidate {
	id: number;
	ms: number;
	bytes: number;
	rows: number;
}
type Wanted = (batch: { ms: number }) => boolean;

/** What is acknowledged, as ranges: everything up to a number, and what lies apart. */
export const acknowledgedOf = ({ acknowledged, apart }: Pick<LaneRow, "acknowledged" | "apart">): NumberRange[] =>
	acknowledged >= 0 ? [{ first: 0, last: acknowledged }, ...apart] : apart;

/** Numbers in [first, last] that are neither acknowledged nor gone already. */
function stillOwed(lane: LaneRow, first: number, last: number): number {
	const from = Math.max(first, lane.goneThrough + 1, lane.acknowledged + 1);
	let owed = Math.max(0, last - from + 1);
	for (const range of lane.apart) owed -= Math.max(0, Math.min(last, range.last) - Math.max(from, range.first) + 1);
	return owed;
}

/**
 * Lets go of batches within a commit: acknowledged ones when their time is over or room is needed, and only then others, oldest
 * first, which are counted as expired.
 */
export function createTrimming({
	statement,
	size,
	lanes,
	countedBelow,
}: {
	statement: Statements;
	size: RingSize;
	lanes: () => Iterable<LaneRow>;
	/** Counts of tags are in the file for the numbers below; the others are counted from the batches after a crash. */
	countedBelow: (lane: number) => number;
}) {
	let sweepAt = 0;

	function drop(id: number, bytes: number, rows: number): void {
		statement("DELETE FROM batch WHERE id = ?").run(id);
		size.bytes -= bytes;
		size.rows -= rows;
	}

	/** The oldest acknowledged batches of each connection whose very oldest is wanted; oldest first. */
	function acknowledged(laneOf: (connection: string) => LaneRow, wanted: Wanted): Candidate[] {
		const heads: Candidate[] = [];
		for (const { connection } of lanes()) {
			const lane = laneOf(connection);
			const below = countedBelow(lane.id);
			for (const { first, last } of acknowledgedOf(lane)) {
				const oldest = statement("SELECT ms FROM batch WHERE lane = ? AND first >= ? AND first <= ? ORDER BY first LIMIT 1").get(
					lane.id,
					first,
					last,
				);
				if (!oldest || !wanted({ ms: Number(oldest.ms) })) continue;
				for (const row of statement(
					"SELECT id, first, last, ms, bytes FROM batch WHERE lane = ? AND first >= ? AND first <= ? ORDER BY first LIMIT ?",
				).all(lane.id, first, last, chunk)) {
					if (Number(row.last) > last || Number(row.last) >= below) break;
					heads.push({
						id: Number(row.id),
						ms: Number(row.ms),
						bytes: Number(row.bytes),
						rows: Number(row.last) - Number(row.first) + 1,
					});
				}
			}
		}
		return heads.sort((a, b) => a.id - b.id);
	}

	/** Deletes acknowledged batches while `wanted` says so. True when all that were wanted are gone. */
	function dropAcknowledged(laneOf: (connection: string) => LaneRow, wanted: Wanted): boolean {
		for (let dropped = 0; dropped < mostDeleted; ) {
			const before = dropped;
			for (const batch of acknowledged(laneOf, wanted)) {
				if (!wanted(batch)) continue;
				drop(batch.id, batch.bytes, batch.rows);
				if (++dropped >= mostDeleted) return false;
			}
			if (dropped === before) return true;
		}
		return false;
	}

	function measureOldest(): void {
		const row = statement("SELECT ms FROM batch ORDER BY id LIMIT 1").get();
		size.oldestMs = row ? Number(row.ms) : 0;
	}

	function dropOldest({ nowMs, keepMs, maxBytes }: TrimLimits, laneOf: (connection: string) => LaneRow): Expired[] {
		const expired = new Map<string, Expired>();
		const names = new Map([...lanes()].map((lane) => [lane.id, lane.connection]));
		const mustGo = (ms: number) => size.bytes > maxBytes || ms < nowMs - keepMs;
		for (let dropped = 0; dropped < mostDeleted && size.oldestMs > 0 && mustGo(size.oldestMs); ) {
			const oldest = statement("SELECT id, lane, first, last, ms, bytes FROM batch ORDER BY id LIMIT ?").all(chunk);
			for (const row of oldest) {
				const [ms, first, last] = [Number(row.ms), Number(row.first), Number(row.last)];
				if (!mustGo(ms)) break;
				drop(Number(row.id), Number(row.bytes), last - first + 1);
				dropped++;
				const lane = laneOf(names.get(Number(row.lane)) as string);
				const lost = stillOwed(lane, first, last);
				if (lost === 0) continue;
				const from = Math.max(first, lane.goneThrough + 1, lane.acknowledged + 1);
				lane.expired += lost;
				lane.goneThrough = last;
				const sum = expired.get(lane.connection);
				expired.set(lane.connection, [lane.connection, sum?.[1] ?? from, last, (sum?.[3] ?? 0) + lost]);
			}
			measureOldest();
		}
		return [...expired.values()];
	}

	return {
		measureOldest,
		/** To be called within the commit's transaction. */
		trim(limits: TrimLimits, laneOf: (connection: string) => LaneRow): Expired[] {
			const { nowMs, keepAcknowledgedMs, maxBytes } = limits;
			// A clock that went back must not put the next look off for ever.
			if (nowMs >= sweepAt || sweepAt - nowMs > sweepEveryMs) {
				const isDone = dropAcknowledged(laneOf, ({ ms }) => ms < nowMs - keepAcknowledgedMs);
				sweepAt = isDone ? nowMs + sweepEveryMs : nowMs;
			}
			if (size.bytes > maxBytes && !dropAcknowledged(laneOf, () => size.bytes > maxBytes * roomShare) && size.bytes > maxBytes)
				return [];
			measureOldest();
			return dropOldest(limits, laneOf);
		},
	};
}
