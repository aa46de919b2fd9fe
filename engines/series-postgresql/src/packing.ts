import { bigintSql } from "./dial.ts";
import { packedRows } from "./layout.ts";
import { dayOfSql, endOfDay } from "./partitions.ts";

/** Far below every arrival that is ever given, and within what a double counts exactly. */
export const packedBase = -(2 ** 52);

/** SQL that packs rows (tag, time, arrival, value, quality, text) of a table or CTE: sorted, a thousand of one tag and day in one. */
export const packSql = (rows: string, { base, piece }: { base: number; piece: string }): string =>
	`INSERT INTO packed (tag, rows, day, first_time, last_time, base, piece, times, numbers, qualities, texts)
	SELECT tag, count(*), day, min(time), max(time), ${base}::bigint + (n / ${packedRows}) * ${packedRows}, ${piece}, ${columns("n")}
	FROM (SELECT *, row_number() OVER (PARTITION BY tag, day ORDER BY time, arrival) - 1 AS n
		FROM (SELECT *, ${dayOfSql("time")} AS day FROM ${rows}) dated) numbered
	GROUP BY tag, day, n / ${packedRows}`;

/** Where all are good, or there are no words, there is no column. */
export const columns = (order: string): string =>
	`array_agg(time ORDER BY ${order}),
	CASE WHEN count(value) > 0 THEN array_agg(value ORDER BY ${order}) END,
	CASE WHEN bool_or(quality <> 0) THEN array_agg(quality ORDER BY ${order}) END,
	CASE WHEN count(text) > 0 THEN array_agg(text ORDER BY ${order}) END`;

/** SQL that counts again what is packed of some days. */
export const tallySql = (tier: "cold" | "brought", days: readonly bigint[]): string[] => {
	const of = `day = ANY ('{${days.join(",")}}'::bigint[])`;
	return [
		`DELETE FROM tally WHERE tier = '${tier}' AND ${of}`,
		`INSERT INTO tally (day, tier, rows, oldest, newest, bytes)
		SELECT day, '${tier}', sum(rows), min(first_time), max(last_time),
			sum(100 + pg_column_size(times) + coalesce(pg_column_size(numbers), 0) + coalesce(pg_column_size(qualities), 0) + coalesce(pg_column_size(texts), 0))
		FROM packed WHERE ${of} AND piece IS ${tier === "cold" ? "NULL" : "NOT NULL"} GROUP BY day`,
	];
};

/** SQL that takes rows out of the tally of what lies as it came. Whoever stores rows of this day waits for its end. */
export const takenOutSql = (day: bigint, rows: number): string[] => {
	const of = `day = ${bigintSql(day)} AND tier = 'hot'`;
	const left = (what: string) =>
		`(SELECT ${what}(time) FROM sample WHERE time >= ${bigintSql(day)} AND time < ${bigintSql(endOfDay(day))})`;
	return [
		`UPDATE tally SET rows = rows - ${rows} WHERE ${of}`,
		`DELETE FROM tally WHERE ${of} AND rows <= 0`,
		`UPDATE tally SET oldest = coalesce(${left("min")}, oldest), newest = coalesce(${left("max")}, newest) WHERE ${of}`,
	];
};
