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

/** Beyond these PostgreSQL's sums and squares end in an error; garbage from a machine must not take a whole answer away. */
const largestSummed = "1e270::float8";
const largestSquared = "1e140::float8";

interface Expression {
	sql: string[];
	/** From the columns of `sql`; PostgreSQL's own division ends in an error where a double would be rounded to nought. */
	value(...columns: number[]): number;
}

/**
 * Over rows with: good, g (the number of a good sample), since (ns from the first bucket's start), arrival; over time also
 * is_sample (a held value is none) and held (ns this row's value holds in this bucket, 0 where it is not good).
 */
const expressions = (samplesOnly: string): Record<AggregateName, Expression> => {
	const filter = (...more: string[]) => `FILTER (WHERE ${[samplesOnly, ...more].filter(Boolean).join(" AND ") || "TRUE"})`;
	const plain = (sql: string): Expression => ({ sql: [sql], value: (column) => column });
	const sum = `sum(g) ${filter(`abs(g) < ${largestSummed}`)}`;
	const tooLarge = (limit: string, conditions: string) => `bool_or(abs(g) >= ${limit}) ${conditions}`;
	/** A sum with a number too large for it is no number. */
	const guarded = (sql: string, limit: string, conditions: string) =>
		`CASE WHEN ${tooLarge(limit, conditions)} THEN NULL ELSE ${sql} END`;
	const held = "FILTER (WHERE g IS NOT NULL)";
	return {
		count: plain(`count(*) ${filter()}`),
		countGood: plain(`count(*) ${filter("good")}`),
		mean: { sql: [guarded(sum, largestSummed, filter()), `count(g) ${filter()}`], value: (all, count) => all / count },
		min: plain(`min(g) ${filter()}`),
		max: plain(`max(g) ${filter()}`),
		sum: plain(guarded(sum, largestSummed, filter())),
		stddev: plain(guarded(`stddev_samp(g) ${filter(`abs(g) < ${largestSquared}`)}`, largestSquared, filter())),
		first: plain(`(min(${inOrder}) ${filter("g IS NOT NULL")})[4]`),
		last: plain(`(max(${inOrder}) ${filter("g IS NOT NULL")})[4]`),
		timeWeightedMean: {
			sql: [guarded(`sum(g * held) FILTER (WHERE abs(g) < ${largestSummed})`, largestSummed, held), `sum(held) ${held}`],
			value: (all, ns) => all / ns,
		},
		goodDuration: plain("sum(held)"),
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
	const asked = functions.map((name) => sqlOf[name]);
	const columns = asked.flatMap(({ sql }) => sql.map((column) => `, (${column})::float8`));
	const origin = floorTo(range.from, bucket);
	const since = `(time - ${bigintSql(origin)})`;
	const rows = isOverTime
		? rowsOverTime(query, origin, await askBefore(ask, { tags, time: range.from }))
		: `SELECT tag, ${since} / ${bigintSql(bucket)} AS b, quality < 64 AS good, ${goodNumber} AS g, ${since} AS since, arrival FROM ${rowsOf(tags, range)} r`;

	const byTag = new Map<number, { starts: bigint[]; columns: number[][] }>();
	const order = functions.some((name) => ordered.has(name)) ? "ORDER BY tag, b, since, arrival" : "";
	await ask(
		`SELECT tag, b${columns.join("")} FROM (SELECT * FROM (${rows}) u ${order}) r GROUP BY tag, b ORDER BY tag, b`,
		2 + columns.length,
		(fields) => {
			const tag = int32At(fields, 0) >>> 0;
			let of = byTag.get(tag);
			if (!of) {
				of = { starts: [], columns: functions.map(() => []) };
				byTag.set(tag, of);
			}
			of.starts.push(origin + int64At(fields, 1) * bucket);
			let at = 2;
			for (const [i, { sql, value }] of asked.entries())
				(of.columns[i] as number[]).push(value(...sql.map(() => doubleAt(fields, at++))));
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
