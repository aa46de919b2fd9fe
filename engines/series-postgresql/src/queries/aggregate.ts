import type { AggregateName, Buckets, Nanos, TimeRange } from "@millwright/core";
import { doubleAt, int32At, int64At } from "../copy-format.ts";
import { bigintSql } from "../dial.ts";
import type { Ask } from "../readers.ts";
import { askBefore, type Last } from "./before.ts";
import { goodNumber, rowsOf } from "./source.ts";

interface AggregateQuery {
	tags: readonly number[];
	range: TimeRange;
	bucket: Nanos;
	functions: readonly AggregateName[];
	/** No value holds beyond it. */
	holdUntil: Nanos;
}

/** Time, then arrival, then the number, in one comparable array; the time in halves, because a double holds 53 bits. */
const inOrder = "ARRAY[(since >> 32)::float8, (since & 4294967295)::float8, arrival::float8, g]";

/**
 * Over rows with: good, g (the number of a good sample), since (ns from the first bucket's start), arrival; over time also
 * is_sample (a held value is none) and held (ns this row's value holds in this bucket, 0 where it is not good).
 */
const expressions = (samplesOnly: string): Record<AggregateName, string> => {
	const filter = (more: string) => `FILTER (WHERE ${[samplesOnly, more].filter(Boolean).join(" AND ") || "TRUE"})`;
	return {
		count: `count(*) ${filter("")}`,
		countGood: `count(*) ${filter("good")}`,
		mean: `avg(g) ${filter("")}`,
		min: `min(g) ${filter("")}`,
		max: `max(g) ${filter("")}`,
		sum: `sum(g) ${filter("")}`,
		stddev: `stddev_samp(g) ${filter("")}`,
		first: `(min(${inOrder}) ${filter("g IS NOT NULL")})[4]`,
		last: `(max(${inOrder}) ${filter("g IS NOT NULL")})[4]`,
		timeWeightedMean: "sum(g * held) FILTER (WHERE g IS NOT NULL) / nullif(sum(held) FILTER (WHERE g IS NOT NULL), 0)",
		goodDuration: "sum(held)",
	};
};
/** What adding up numbers gives depends on their order in the last digits; so that a question has one answer wherever rows lie, they come sorted. */
const ordered: ReadonlySet<AggregateName> = new Set(["mean", "sum", "stddev", "timeWeightedMean"]);
const overTime: ReadonlySet<AggregateName> = new Set(["timeWeightedMean", "goodDuration"]);

/** Buckets aligned to 1970; functions over time see the value that held when the range began. */
export async function askAggregate(ask: Ask, query: AggregateQuery): Promise<Map<number, Buckets>> {
	const { tags, range, bucket } = query;
	const functions = [...new Set(query.functions)];
	const isOverTime = functions.some((name) => overTime.has(name));
	const sqlOf = expressions(isOverTime ? "is_sample" : "");
	const columns = functions.map((name) => `, (${sqlOf[name]})::float8`).join("");
	const origin = floorTo(range.from, bucket);
	const since = `(time - ${bigintSql(origin)})`;
	const rows = isOverTime
		? rowsOverTime(query, origin, await askBefore(ask, { tags, time: range.from }))
		: `SELECT tag, ${since} / ${bigintSql(bucket)} AS b, quality < 64 AS good, ${goodNumber} AS g, ${since} AS since, arrival FROM ${rowsOf(tags, range)} r`;

	const byTag = new Map<number, { starts: bigint[]; columns: number[][] }>();
	const order = functions.some((name) => ordered.has(name)) ? "ORDER BY tag, b, since, arrival" : "";
	await ask(
		`SELECT tag, b${columns} FROM (SELECT * FROM (${rows}) u ${order}) r GROUP BY tag, b ORDER BY tag, b`,
		2 + functions.length,
		(fields) => {
			const tag = int32At(fields, 0) >>> 0;
			let of = byTag.get(tag);
			if (!of) {
				of = { starts: [], columns: functions.map(() => []) };
				byTag.set(tag, of);
			}
			of.starts.push(origin + int64At(fields, 1) * bucket);
			for (let i = 0; i < functions.length; i++) (of.columns[i] as number[]).push(doubleAt(fields, 2 + i));
		},
	);
	return new Map(
		tags.map((tag) => {
			const of = byTag.get(tag);
			return [
				tag,
				{
					starts: BigInt64Array.from(of?.starts ?? []),
					columns: Object.fromEntries(functions.map((name, i) => [name, Float64Array.from(of?.columns[i] ?? [])])),
				},
			];
		}),
	);
}

/** The greatest multiple of `step` that is not beyond `time`, for times before 1970 too. */
const floorTo = (time: bigint, step: bigint): bigint => time - (((time % step) + step) % step);

/** Each sample with the time it holds, cut at the borders of buckets; one that is not good only ends the one before. */
function rowsOverTime(
	{ tags, range, bucket, holdUntil }: AggregateQuery,
	origin: bigint,
	carried: ReadonlyMap<number, Last>,
): string {
	const step = bigintSql(bucket);
	const zero = bigintSql(origin);
	const until = bigintSql(range.until);
	const values = [...carried]
		.map(
			([tag, { value, quality }]) =>
				`(${tag | 0}, ${bigintSql(range.from)}, -9007199254740991::bigint, ${doubleSql(value)}, ${quality}::smallint, FALSE)`,
		)
		.join(", ");
	const next = `coalesce(lead(time) OVER (PARTITION BY tag ORDER BY time, arrival), ${until})`;
	return `WITH known AS (
			SELECT tag, time, arrival, value, quality, TRUE AS is_sample FROM ${rowsOf(tags, range)} r
			${values ? `UNION ALL SELECT * FROM (VALUES ${values}) AS c (tag, time, arrival, value, quality, is_sample)` : ""}
		), held AS (
			SELECT *, CASE WHEN quality < 64 THEN greatest(time, least(${next}, ${until}, ${bigintSql(holdUntil)})) ELSE time END AS ends FROM known
		), placed AS (
			SELECT tag, time, ends, is_sample, arrival, quality < 64 AS good, ${goodNumber} AS g, time - ${zero} AS since,
				(time - ${zero}) / ${step} AS b0, (greatest(ends - 1, time) - ${zero}) / ${step} AS b1 FROM held
		)
		SELECT tag, b0 AS b, is_sample, good, g, since, arrival, (ends - time)::float8 AS held FROM placed
			WHERE b0 = b1 AND (is_sample OR ends > time)
		UNION ALL
		SELECT tag, b, is_sample AND b = b0, good, g, since, arrival,
			(least(ends, ${zero} + (b + 1) * ${step}) - greatest(time, ${zero} + b * ${step}))::float8
			FROM placed CROSS JOIN LATERAL generate_series(b0, b1) AS b WHERE b0 < b1`;
}

const doubleSql = (value: number): string =>
	Number.isNaN(value)
		? "NULL::float8"
		: `'${value === Number.POSITIVE_INFINITY ? "Infinity" : value === Number.NEGATIVE_INFINITY ? "-Infinity" : value}'::float8`;
