import type { DuckDBConnection } from "@duckdb/node-api";
import type { Nanos } from "@millwright/core";
import { DamagedSegment } from "../parquet/segment-reader.ts";
import type { LastAnswer, Query } from "../protocol.ts";
import { createBreath } from "../tiers/breath.ts";
import { rowsOf, type Source } from "../tiers/walk.ts";
import { ask, bigint, tagIn } from "./ask.ts";
import { type Asking, sourceOf } from "./question.ts";
import { rowIn } from "./rows.ts";

const beginning = -(2n ** 63n);
const tagsAtOnce = 500;

/** The last sample before a time of each tag; of several at one time, the one that arrived last. */
export async function askBefore(asking: Asking, { tags, time }: Extract<Query, { kind: "before" }>): Promise<LastAnswer[]> {
	const found: LastAnswer[] = [];
	for (let at = 0; at < tags.length; at += tagsAtOnce) {
		const some = tags.slice(at, at + tagsAtOnce);
		for (;;) {
			asking.check();
			const hot = new Map<number, LastAnswer>();
			const extent = asking.store.hours.extent();
			const isHot = extent !== undefined && extent.from < time;
			const source = await sourceOf(
				asking.store,
				isHot
					? async () => {
							for (const last of await lastHot(asking.connection, some, time)) hot.set(last.tag, last);
							return new Map();
						}
					: undefined,
			);
			try {
				const answers = await lastOf(source, some, time, hot, createBreath(asking.check));
				found.push(...answers);
				break;
			} catch (thrown) {
				if (!(thrown instanceof DamagedSegment)) throw thrown;
				asking.store.damaged(thrown);
			} finally {
				source.lease.release();
			}
		}
	}
	return found;
}

async function lastOf(
	source: Source,
	tags: readonly number[],
	time: Nanos,
	hot: ReadonlyMap<number, LastAnswer>,
	breathe: () => Promise<void> | undefined,
): Promise<LastAnswer[]> {
	const found: LastAnswer[] = [];
	for (const tag of tags) {
		const newest = hot.get(tag);
		// Of equal times the hot one came last; so only what is later in a file counts.
		const [rows] = rowsOf(source, tag, newest ? newest.time + 1n : beginning, time, { backwards: true });
		if (rows) found.push({ tag, ...rowIn(rows, rows.offsets.length - 1) });
		else if (newest) found.push(newest);
		await breathe();
	}
	return found;
}

async function lastHot(connection: DuckDBConnection, tags: readonly number[], time: Nanos): Promise<LastAnswer[]> {
	const found = new Map<number, LastAnswer & { arrival: bigint }>();
	const { sql, bindings } = tagIn(tags);
	await ask(
		connection,
		`WITH newest AS (SELECT tag, max(time) AS time FROM sample WHERE ${sql} AND time < $until GROUP BY tag)
		SELECT s.tag, s.time, s.value, s.quality, s.text, s.rowid FROM sample s JOIN newest n ON s.tag = n.tag AND s.time = n.time`,
		{ ...bindings, until: bigint(time) },
		(chunk) => {
			for (const [tag, at, value, quality, text, arrival] of chunk.getRows() as [
				number,
				bigint,
				number | null,
				number,
				string | null,
				bigint,
			][]) {
				const known = found.get(tag);
				if (known && known.arrival > arrival) continue;
				found.set(tag, { tag, time: at, value: value ?? Number.NaN, quality, text: text ?? undefined, arrival });
			}
		},
	);
	return [...found.values()].map(({ arrival: _, ...last }) => last);
}
