import type { DuckDBConnection } from "@duckdb/node-api";
import type { Nanos } from "@millwright/core";
import type { LastAnswer, Query } from "../protocol.ts";
import { ask, bigint, tagIn } from "./ask.ts";

const hour = 3_600_000_000_000n;
/** How far back is looked, each only for the tags not yet found: most values are recent, and a scan of everything is slow. */
const reaches = [hour, 24n * hour, 720n * hour, undefined];
const beginning = -(2n ** 63n);

/** The last sample before a time of each tag; of several at one time, the one that arrived last. */
export async function askBefore(
	connection: DuckDBConnection,
	{ tags, time }: Extract<Query, { kind: "before" }>,
): Promise<LastAnswer[]> {
	const found = new Map<number, LastAnswer & { arrival: bigint }>();
	let until: Nanos = time;
	for (const reach of reaches) {
		const missing = tags.filter((tag) => !found.has(tag));
		if (missing.length === 0) break;
		const from = reach === undefined ? beginning : time - reach;
		const { sql, bindings } = tagIn(missing);
		await ask(
			connection,
			`WITH newest AS (SELECT tag, max(time) AS time FROM sample WHERE ${sql} AND time >= $from AND time < $until GROUP BY tag)
			SELECT s.tag, s.time, s.value, s.quality, s.text, s.rowid FROM sample s JOIN newest n ON s.tag = n.tag AND s.time = n.time
			WHERE s.time >= $from AND s.time < $until`,
			{ ...bindings, from: bigint(from), until: bigint(until) },
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
		until = from;
	}
	return [...found.values()].map(({ arrival: _, ...last }) => last);
}
