import { dayOf } from "../parquet/rows.ts";
import { DamagedSegment } from "../parquet/segment-reader.ts";
import type { Moving } from "./mover.ts";
import { exchange, rewrite } from "./rewrite.ts";
import { roll } from "./roll.ts";
import type { Segment } from "./segments.ts";

export interface Tidied {
	days: number;
	rows: number;
	bytesBefore: number;
	bytesAfter: number;
}

/** Days that ended: each becomes one cold file, one transaction a day. */
export async function tidy(
	moving: Moving,
	{ until, hotBytes, damaged }: { until: bigint; hotBytes: () => number; damaged(found: DamagedSegment): void },
): Promise<Tidied> {
	const end = dayOf(until);
	const tidied: Tidied = { days: 0, rows: 0, bytesBefore: 0, bytesAfter: 0 };
	const hotRows = moving.hours.rows;
	const bytesAHotRow = hotRows === 0 ? 0 : hotBytes() / hotRows;
	const fromTable = new Map((await roll(moving)).map(({ file, rows }) => [file, rows * bytesAHotRow]));
	const bytesBefore = ({ file, bytes }: Segment) => fromTable.get(file) ?? bytes;

	const untidy = new Set(moving.segments.all.filter(({ day, tier }) => day < end && tier === "warm").map(({ day }) => day));
	for (const day of [...untidy].sort((a, b) => (a < b ? -1 : 1))) {
		moving.check();
		const segments = moving.segments.all
			.filter((segment) => segment.day === day && segment.tier !== "brought")
			.sort((a, b) => a.place - b.place);
		const cold = await merged(moving, segments, damaged);
		if (!cold) continue;
		tidied.days++;
		tidied.rows += segments.reduce((sum, { tier, rows }) => sum + (tier === "warm" ? rows : 0), 0);
		tidied.bytesBefore += Math.round(segments.reduce((sum, segment) => sum + bytesBefore(segment), 0));
		tidied.bytesAfter += cold.bytes;
	}
	return tidied;
}

async function merged(
	moving: Moving,
	segments: readonly Segment[],
	damaged: (found: DamagedSegment) => void,
): Promise<Segment | undefined> {
	const [only] = segments;
	if (!only) return undefined;
	try {
		// A day that lies in one file is as it should be; only its name in the table changes.
		const cold =
			segments.length === 1
				? ({ ...only, tier: "cold" } as const)
				: await rewrite(moving, segments, { tier: "cold", place: (segments.at(-1) as Segment).place });
		await exchange(moving, segments, cold);
		return cold;
	} catch (thrown) {
		if (!(thrown instanceof DamagedSegment)) throw thrown;
		// What is left of the day is tidied next time.
		damaged(thrown);
		return undefined;
	}
}
