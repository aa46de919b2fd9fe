import type { Nanos, SeriesRows, TimeRange } from "@millwright/core";
import { doubleAt, type Fields, int16At, int64At, textAt } from "../copy-format.ts";
import { bigintSql, tagsSql } from "../dial.ts";
import { givenText } from "../stored-text.ts";

/** Good, and a number that can be reckoned with. */
export const goodNumber = "CASE WHEN quality < 64 AND value > '-Infinity'::float8 AND value < 'Infinity'::float8 THEN value END";

/**
 * Rows of packed rows `p`; their arrival is below that of everything that came after they were packed. Times lie on a grid
 * of even steps, with how far each is off it, or in full where that is more than two seconds.
 */
export const unpacked = `LATERAL (
		SELECT coalesce(e.time, p.first_time + (e.place - 1) * p.step + coalesce(e.jitter, 0)) AS time, e.value, e.quality, e.text, e.place
		FROM unnest(p.times, p.jitters, p.numbers, p.qualities, p.texts) WITH ORDINALITY AS e (time, jitter, value, quality, text, place)
	) u`;
export const unpackedColumns =
	"p.tag, u.time, p.base + u.place AS arrival, u.value, coalesce(u.quality, 0::smallint) AS quality, u.text";

const within = (column: string, { from, until }: TimeRange): string =>
	`${column} >= ${bigintSql(from)} AND ${column} < ${bigintSql(until)}`;

/** All rows of some tags in a range, wherever they lie: columns tag, time, arrival, value, quality, text. */
export const rowsOf = (tags: readonly number[], range: TimeRange): string =>
	`(SELECT tag, time, arrival, value, quality, text FROM sample WHERE tag = ${tagsSql(tags)} AND ${within("time", range)}
	UNION ALL
	SELECT ${unpackedColumns} FROM packed p CROSS JOIN ${unpacked}
	WHERE p.tag = ${tagsSql(tags)} AND p.last_time >= ${bigintSql(range.from)} AND p.first_time < ${bigintSql(range.until)} AND ${within("u.time", range)})`;

/** How many rows of a tag a range holds; only packed rows that it cuts are looked into. */
export const countOf = (tag: number, range: TimeRange): string => {
	const packed = `p.tag = ${tagsSql([tag])} AND p.last_time >= ${bigintSql(range.from)} AND p.first_time < ${bigintSql(range.until)}`;
	const inside = `p.first_time >= ${bigintSql(range.from)} AND p.last_time < ${bigintSql(range.until)}`;
	return `(SELECT count(*) FROM sample WHERE tag = ${tagsSql([tag])} AND ${within("time", range)})
		+ (SELECT coalesce(sum(p.rows), 0)::bigint FROM packed p WHERE ${packed} AND ${inside})
		+ (SELECT count(*) FROM packed p CROSS JOIN ${unpacked} WHERE ${packed} AND NOT (${inside}) AND ${within("u.time", range)})`;
};

export interface Row {
	time: Nanos;
	value: number;
	quality: number;
	text: string | undefined;
}

/** Rows in columns that grow by doubling. */
export function createRowsCollector(capacity = 1024) {
	let times = new BigInt64Array(capacity);
	let values = new Float64Array(capacity);
	let quality = new Uint8Array(capacity);
	const texts = new Map<number, string>();
	let rows = 0;

	const grow = () => {
		const wider = { times: new BigInt64Array(rows * 2), values: new Float64Array(rows * 2), quality: new Uint8Array(rows * 2) };
		wider.times.set(times);
		wider.values.set(values);
		wider.quality.set(quality);
		({ times, values, quality } = wider);
	};
	const push = (time: Nanos, value: number, code: number, text: string | undefined) => {
		if (rows === times.length) grow();
		times[rows] = time;
		values[rows] = value;
		quality[rows] = code;
		if (text !== undefined) texts.set(rows, text);
		rows++;
	};

	return {
		get rows() {
			return rows;
		},
		/** Fields time, value, quality, text from `at` on. */
		add(fields: Fields, at = 0) {
			const said = textAt(fields, at + 3);
			push(
				int64At(fields, at),
				doubleAt(fields, at + 1),
				int16At(fields, at + 2),
				said === undefined ? undefined : givenText(said),
			);
		},
		push: (row: Row) => push(row.time, row.value, row.quality, row.text),
		take(samples = rows): SeriesRows {
			return {
				times: times.slice(0, rows),
				values: values.slice(0, rows),
				quality: quality.slice(0, rows),
				...(texts.size > 0 ? { texts } : {}),
				samples,
			};
		},
	};
}
