import { DamagedSegment } from "../parquet/segment-reader.ts";
import { bigint, tagIn } from "../queries/ask.ts";
import { countByHour } from "./hot-rows.ts";
import type { Moving } from "./mover.ts";
import { exchange, rewrite } from "./rewrite.ts";
import type { Segment } from "./segments.ts";

const beginning = -(2n ** 63n);

/** Deletes from the table, and writes files that hold such rows anew without them; each by itself, so that it can go on after a kill. */
export async function forget(
	moving: Moving,
	{
		tags,
		before,
		hotBytes,
		damaged,
	}: { tags: readonly number[]; before: bigint; hotBytes: () => number; damaged(found: DamagedSegment): void },
): Promise<{ rows: number; bytes: number }> {
	if (tags.length === 0) return { rows: 0, bytes: 0 };
	let { rows, bytes } = await forgetHot(moving, tags, before, hotBytes);
	const doomed = new Set(tags);
	for (const segment of [...moving.segments.all]) {
		moving.check();
		try {
			if (!holds(moving, segment, tags, before)) continue;
			const { tier, piece, place } = segment;
			const left = await rewrite(moving, [segment], { tier, piece, place }, (tag) => (doomed.has(tag) ? before : beginning));
			if (left?.rows === segment.rows) {
				moving.segments.discard([left]);
				continue;
			}
			await exchange(moving, [segment], left);
			rows += segment.rows - (left?.rows ?? 0);
			bytes += segment.bytes - (left?.bytes ?? 0);
		} catch (thrown) {
			if (!(thrown instanceof DamagedSegment)) throw thrown;
			damaged(thrown);
		}
	}
	return { rows, bytes };
}

/** May say yes for nothing where a block is shared by several tags; never no. */
function holds({ segments }: Moving, segment: Segment, tags: readonly number[], before: bigint): boolean {
	if (segment.oldest >= before) return false;
	const inRange = tags.filter((tag) => tag >= segment.firstTag && tag <= segment.lastTag);
	if (inRange.length === 0) return false;
	const reader = segments.reader(segment);
	return inRange.some((tag) => reader.blocks(tag, beginning, before).length > 0);
}

async function forgetHot(
	{ connection, hours, commit }: Moving,
	tags: readonly number[],
	before: bigint,
	hotBytes: () => number,
): Promise<{ rows: number; bytes: number }> {
	const { sql, bindings } = tagIn(tags);
	const where = `${sql} AND time < $before`;
	const all = { ...bindings, before: bigint(before) };
	await connection.run("BEGIN");
	const hot = await countByHour(connection, where, all);
	const rows = [...hot.values()].reduce((sum, count) => sum + count, 0);
	if (rows === 0) {
		await connection.run("ROLLBACK");
		return { rows, bytes: 0 };
	}
	const bytes = Math.round((hotBytes() * rows) / Math.max(rows, hours.rows));
	await connection.run(
		`DELETE FROM sample WHERE ${where}`,
		Object.fromEntries(Object.entries(all).map(([name, { value }]) => [name, value])),
		Object.fromEntries(Object.entries(all).map(([name, { type }]) => [name, type])),
	);
	await commit({ hot });
	return { rows, bytes };
}
