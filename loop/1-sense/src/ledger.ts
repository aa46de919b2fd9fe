import type { Ledger } from "./api.ts";
import { noCounts, type TagCounts } from "./pipeline/stage.ts";
import type { Lane } from "./ring/lane.ts";
import type { Ring } from "./ring/ring.ts";

/** A tag's counts and the number of its newest durable row. */
export interface TagTally extends TagCounts {
	/** -1 before the first. */
	sequence: number;
}

export interface LaneTally {
	lane: Lane;
	of(tag: number): TagTally;
}

/** Arrivals as the history counts them. */
export interface StoredCounts {
	received(connection: string): number;
	/** Numbers it holds, those told never to come among them. */
	stored(connection: string): number;
	duplicate(connection: string): number;
}

const columns = 5;

/** Read, filtered, rejected, sent: by tag and by connection, kept in the ring's own file. */
export function createLedger({ ring, stored }: { ring: Ring; stored?: StoredCounts | undefined }) {
	const tallies = new Map<string, LaneTally>();

	function tally(connection: string): LaneTally {
		const known = tallies.get(connection);
		if (known) return known;
		const lane = ring.lane(connection);
		const byTag = new Map<number, TagTally>();
		const made: LaneTally = {
			lane,
			of(tag) {
				let counts = byTag.get(tag);
				if (!counts) {
					counts = { ...noCounts(), sequence: -1 };
					byTag.set(tag, counts);
				}
				return counts;
			},
		};
		tallies.set(connection, made);
		lane.onDurable = ({ tags, first, length }) => {
			for (let row = 0; row < length; row++) {
				const counts = made.of(tags[row] as number);
				counts.sent++;
				counts.sequence = first + row;
			}
		};
		lane.tagCounts = () => {
			const packed = new Float64Array(byTag.size * columns);
			let at = 0;
			for (const [tag, { read, filtered, rejected, sent }] of byTag) {
				packed.set([tag, read, filtered, rejected, sent], at);
				at += columns;
			}
			return new Uint8Array(packed.buffer);
		};
		const found = lane.found?.tagCounts;
		if (found && found.packed.byteLength % (columns * 8) === 0) {
			const packed = new Float64Array(found.packed.slice().buffer);
			for (let at = 0; at < packed.length; at += columns) {
				const [tag, read, filtered, rejected, sent] = packed.subarray(at, at + columns) as unknown as [
					number,
					number,
					number,
					number,
					number,
				];
				Object.assign(made.of(tag), { read, filtered, rejected, sent });
			}
		}
		return made;
	}

	const ledgerOf = (connection: string): Ledger => {
		const lane = ring.lane(connection);
		return {
			read: lane.written.read,
			made: lane.written.made,
			filtered: lane.written.filtered,
			rejected: lane.written.rejected,
			buffered: lane.buffered,
			sent: lane.sent,
			received: stored?.received(connection) ?? 0,
			// The history counts the numbers it was told never to come as well: those are the expired ones.
			stored: Math.max(0, (stored?.stored(connection) ?? 0) - lane.expired),
			duplicate: stored?.duplicate(connection) ?? 0,
			expired: lane.expired,
		};
	};

	return {
		tally,
		of: ledgerOf,
		connections: (): string[] => ring.lanes().map(({ connection }) => connection),
		/** Counts of tags are written every two seconds; what became durable after is counted again from the ring. */
		async restore(): Promise<void> {
			for (const { connection, found } of ring.lanes()) {
				if (!found) continue;
				const made = tally(connection);
				const from = found.tagCounts?.next ?? 0;
				await ring.recount(connection, from, ({ tags, first, length }) => {
					for (let row = Math.max(0, from - first); row < length; row++) {
						const counts = made.of(tags[row] as number);
						counts.sent++;
						counts.read++;
						counts.sequence = first + row;
					}
				});
			}
		},
	};
}
export type LedgerBook = ReturnType<typeof createLedger>;
