import { bigintSql } from "./dial.ts";
import { packedRows } from "./layout.ts";
import { dayOfSql, endOfDay } from "./partitions.ts";

/** Far below every arrival that is ever given, and within what a double counts exactly. */
export const packedBase = -(2 ** 52);

/** SQL that packs rows (tag, time, arrival, value, quality, text) of a table or CTE: sorted, a thousand of one tag and day in one. */
export const packSql = (rows: string, { base, piece }: { base: number; piece: string }): string =>
	packGroupsSql({
		from: `(SELECT *, row_number() OVER (PARTITION BY tag, day ORDER BY time, arrival) - 1 AS n
			FROM (SELECT *, ${dayOfSql("time")} AS day FROM ${rows}) dated) numbered`,
		base: `${base}::bigint + (n / ${packedRows}) * ${packedRows}`,
		piece,
		order: "n",
		by: `tag, day, n / ${packedRows}`,
	});

/**
 * One packed row a group. Times are kept as how far they are off a grid of even steps, which machines that are read evenly
 * make small or nothing; where all are good, or there are no words, there is no column.
 */
export const packGroupsSql = (groups: { from: string; base: string; piece: string; order: string; by: string }): string => {
	const { from, base, piece, order, by } = groups;
	return `INSERT INTO packed (tag, rows, day, first_time, last_time, base, piece, step, times, jitters, numbers, qualities, texts)
		SELECT tag, rows, day, first_time, last_time, base, piece, step,
			CASE WHEN widest > 2147483647 THEN times END,
			CASE WHEN widest BETWEEN 1 AND 2147483647 THEN deviations::integer[] END,
			numbers, qualities, texts
		FROM (
			SELECT tag, count(*) AS rows, day, min(time) AS first_time, max(time) AS last_time, ${base} AS base, ${piece}::text AS piece,
				CASE WHEN count(*) > 1 THEN (max(time) - min(time)) / (count(*) - 1) ELSE 0 END AS step,
				array_agg(time ORDER BY ${order}) AS times,
				array_agg(value ORDER BY ${order}) AS numbers,
				CASE WHEN bool_or(quality <> 0) THEN array_agg(quality ORDER BY ${order}) END AS qualities,
				CASE WHEN count(text) > 0 THEN array_agg(text ORDER BY ${order}) END AS texts
			FROM ${from} GROUP BY ${by}
		) grouped CROSS JOIN LATERAL (
			SELECT max(abs(off)) AS widest, array_agg(off ORDER BY place) AS deviations
			FROM (SELECT place, time - first_time - (place - 1) * step AS off FROM unnest(times) WITH ORDINALITY AS e (time, place)) measured
		) grid`;
};

/** SQL that counts again what is packed of some days. */
export const tallySql = (tier: "cold" | "brought", days: readonly bigint[]): string[] => {
	const of = `day = ANY ('{${days.join(",")}}'::bigint[])`;
	return [
		`DELETE FROM tally WHERE tier = '${tier}' AND ${of}`,
		`INSERT INTO tally (day, tier, rows, oldest, newest, bytes)
		SELECT day, '${tier}', sum(rows), min(first_time), max(last_time),
			sum(100 + coalesce(pg_column_size(times), 0) + coalesce(pg_column_size(jitters), 0) + pg_column_size(numbers) + coalesce(pg_column_size(qualities), 0) + coalesce(pg_column_size(texts), 0))
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
