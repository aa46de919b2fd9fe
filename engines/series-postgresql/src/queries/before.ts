import type { Nanos } from "@millwright/core";
import { doubleAt, int16At, int32At, int64At, textAt } from "../copy-format.ts";
import { bigintSql } from "../dial.ts";
import { dayNanos } from "../partitions.ts";
import type { Ask } from "../readers.ts";
import { givenText } from "../stored-text.ts";
import { unpacked, unpackedColumns } from "./source.ts";

export type Last = { time: Nanos; value: number; quality: number; text?: string };

const farthest = 2n ** 63n - 1n;

/**
 * The last sample before a time of each tag, by index from the newest table back. Packed rows span a day at most, so the last
 * one before is in those around the time, or else at the end of the ones that end last.
 */
export async function askBefore(ask: Ask, { tags, time }: { tags: readonly number[]; time: Nanos }): Promise<Map<number, Last>> {
	const found = new Map<number, Last>();
	const until = bigintSql(time);
	const around = time + dayNanos > farthest ? farthest : time + dayNanos;
	await ask(
		`SELECT w.tag, r.time, r.value, r.quality, r.text
		FROM unnest('{${tags.map((tag) => Math.trunc(tag) | 0).join(",")}}'::integer[]) AS w (tag) CROSS JOIN LATERAL (
			SELECT * FROM (
				(SELECT tag, time, arrival, value, quality, text FROM sample s WHERE s.tag = w.tag AND s.time < ${until} ORDER BY time DESC, arrival DESC LIMIT 1)
				UNION ALL
				(SELECT ${unpackedColumns} FROM packed p CROSS JOIN ${unpacked}
					WHERE p.tag = w.tag AND p.last_time >= ${until} AND p.last_time <= ${bigintSql(around)} AND p.first_time < ${until} AND u.time < ${until}
					ORDER BY u.time DESC, arrival DESC LIMIT 1)
				UNION ALL
				(SELECT ${unpackedColumns} FROM (SELECT * FROM packed e WHERE e.tag = w.tag AND e.last_time < ${until} ORDER BY e.last_time DESC, e.base DESC LIMIT 1) p
					CROSS JOIN ${unpacked} ORDER BY u.place DESC LIMIT 1)
			) candidates ORDER BY time DESC, arrival DESC LIMIT 1
		) r`,
		5,
		(fields) => {
			const said = textAt(fields, 4);
			found.set(int32At(fields, 0) >>> 0, {
				time: int64At(fields, 1),
				value: doubleAt(fields, 2),
				quality: int16At(fields, 3),
				...(said === undefined ? {} : { text: givenText(said) }),
			});
		},
	);
	return found;
}
