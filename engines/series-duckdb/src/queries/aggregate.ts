import { DOUBLE, type DuckDBConnection, LIST, listValue, UTINYINT } from "@duckdb/node-api";
import type { AggregateName } from "@millwright/core";
import type { BucketsAnswer, Query } from "../protocol.ts";
import { readVector } from "../vectors.ts";
import { ask, type Bindings, bigint, tagIn, tagList } from "./ask.ts";
import { askBefore } from "./before.ts";

type AggregateQuery = Extract<Query, { kind: "aggregate" }>;

/**
 * Over rows with: is_sample (a held value is none), good, value, g (the number of a good sample), arrival (ascending
 * within a tag), held (ns this row's value holds in this bucket, 0 where it is not good).
 */
const expressions: Record<AggregateName, string> = {
	count: "count(*) FILTER (is_sample)",
	countGood: "count(*) FILTER (is_sample AND good)",
	mean: "avg(g) FILTER (is_sample)",
	min: "min(g) FILTER (is_sample)",
	max: "max(g) FILTER (is_sample)",
	sum: "sum(g) FILTER (is_sample)",
	stddev: "stddev_samp(g) FILTER (is_sample)",
	first: "arg_min(g, arrival) FILTER (is_sample)",
	last: "arg_max(g, arrival) FILTER (is_sample)",
	timeWeightedMean: "sum(g * held) FILTER (g IS NOT NULL) / nullif(sum(held) FILTER (g IS NOT NULL), 0)",
	goodDuration: "sum(held)",
};
const overTime: ReadonlySet<AggregateName> = new Set(["timeWeightedMean", "goodDuration"]);

const good = "quality < 64";
const number = "CASE WHEN quality < 64 AND isfinite(value) THEN value END";
/** Time first, then arrival, in one comparable number. */
const arrival = (time: string, row: string) => `(${time})::HUGEINT * 1099511627776 + ${row}`;

/** Buckets aligned to 1970; time-weighted functions see the value that held when the range began. */
export async function askAggregate(connection: DuckDBConnection, query: AggregateQuery): Promise<BucketsAnswer[]> {
	const functions = [...new Set(query.functions)];
	const origin = floorTo(query.from, query.bucket);
	const { sql: ofTags, bindings } = tagIn(query.tags);
	const range: Bindings = {
		...bindings,
		from: bigint(query.from),
		until: bigint(query.until),
		origin: bigint(origin),
		bucket: bigint(query.bucket),
	};
	const columns = functions.map((name) => `(${expressions[name]})::DOUBLE AS "${name}"`).join(", ");
	const needsArrival = functions.some((name) => name === "first" || name === "last");
	const where = `${ofTags} AND time >= $from AND time < $until`;
	const rows = functions.some((name) => overTime.has(name))
		? await rowsOverTime(connection, query, where, range)
		: `SELECT tag, (time - $origin) // $bucket AS b, true AS is_sample, ${good} AS good, ${number} AS g,
			${needsArrival ? arrival("time - $origin", "rowid") : "0"} AS arrival, 0 AS held FROM sample WHERE ${where}`;

	const answers = new Map<number, { starts: BigInt64Array[]; columns: Map<AggregateName, Float64Array[]> }>();
	await ask(
		connection,
		`SELECT tag, $origin + b * $bucket AS start, ${columns} FROM (${rows}) GROUP BY tag, b ORDER BY tag, b`,
		range,
		(chunk) => {
			const count = chunk.rowCount;
			const tags = new Uint32Array(count);
			const starts = new BigInt64Array(count);
			readVector(chunk.getColumnVector(0), tags, 0, 0);
			readVector(chunk.getColumnVector(1), starts, 0, 0n);
			const numbers = functions.map((_, i) => {
				const column = new Float64Array(count);
				readVector(chunk.getColumnVector(2 + i), column, 0, Number.NaN);
				return column;
			});
			for (let from = 0; from < count; ) {
				const tag = tags[from] as number;
				let until = from + 1;
				while (until < count && tags[until] === tag) until++;
				let answer = answers.get(tag);
				if (!answer) {
					answer = { starts: [], columns: new Map(functions.map((name) => [name, []])) };
					answers.set(tag, answer);
				}
				answer.starts.push(starts.subarray(from, until));
				for (const [i, name] of functions.entries())
					answer.columns.get(name)?.push((numbers[i] as Float64Array).subarray(from, until));
				from = until;
			}
		},
	);
	return query.tags.map((tag) => {
		const answer = answers.get(tag);
		const joined: BucketsAnswer["columns"] = {};
		for (const name of functions) joined[name] = joinNumbers(answer?.columns.get(name) ?? []);
		return { tag, starts: joinTimes(answer?.starts ?? []), columns: joined };
	});
}

/** Each sample with the time it holds, cut at the borders of buckets; a sample that is not good only ends the one before. */
async function rowsOverTime(
	connection: DuckDBConnection,
	query: AggregateQuery,
	where: string,
	range: Bindings,
): Promise<string> {
	const carried = await askBefore(connection, { kind: "before", tags: query.tags, time: query.from });
	range.now = bigint(query.holdUntil);
	range.carriedTags = tagList(carried.map(({ tag }) => tag));
	range.carriedValues = {
		value: listValue(carried.map(({ value }) => (Number.isNaN(value) ? null : value))),
		type: LIST(DOUBLE),
	};
	range.carriedQuality = { value: listValue(carried.map(({ quality }) => quality)), type: LIST(UTINYINT) };
	const next = "coalesce(lead(time) OVER (PARTITION BY tag ORDER BY time, row), $until)";
	return `WITH known AS (
			SELECT tag, time, value, quality, rowid AS row FROM sample WHERE ${where}
			UNION ALL
			SELECT unnest($carriedTags), $from, unnest($carriedValues), unnest($carriedQuality), -1
		), held AS (
			SELECT *, CASE WHEN ${good} THEN greatest(time, least(${next}, $until, $now)) ELSE time END AS ends FROM known
		), placed AS (
			SELECT tag, time, ends, row, ${good} AS good, ${number} AS g, ${arrival("time - $origin", "row")} AS arrival,
				(time - $origin) // $bucket AS b0, (greatest(ends - 1, time) - $origin) // $bucket AS b1 FROM held
		)
		SELECT tag, b0 AS b, row >= 0 AS is_sample, good, g, arrival, ends - time AS held FROM placed
			WHERE b0 = b1 AND (row >= 0 OR ends > time)
		UNION ALL
		SELECT tag, b, row >= 0 AND b = b0, good, g, arrival,
			least(ends, $origin + (b + 1) * $bucket) - greatest(time, $origin + b * $bucket)
			FROM (SELECT *, unnest(range(b0, b1 + 1)) AS b FROM placed WHERE b0 < b1)`;
}

/** The greatest multiple of `step` that is not beyond `time`, for times before 1970 too. */
const floorTo = (time: bigint, step: bigint): bigint => time - (((time % step) + step) % step);

function joinTimes(pieces: readonly BigInt64Array[]): BigInt64Array {
	const all = new BigInt64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
	let at = 0;
	for (const piece of pieces) {
		all.set(piece, at);
		at += piece.length;
	}
	return all;
}

function joinNumbers(pieces: readonly Float64Array[]): Float64Array {
	const all = new Float64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
	let at = 0;
	for (const piece of pieces) {
		all.set(piece, at);
		at += piece.length;
	}
	return all;
}
