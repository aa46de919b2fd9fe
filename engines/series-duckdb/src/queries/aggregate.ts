import type { DuckDBConnection } from "@duckdb/node-api";
import type { AggregateName } from "@millwright/core";
import type { BucketsAnswer } from "../protocol.ts";
import { ask, type Bindings, bigint, tagIn } from "./ask.ts";
import { createBucketsCollector } from "./buckets.ts";
import { type AggregateQuery, arrivalKey, goodNumber, isGood, piecesOf, rowsOverTime } from "./over-time.ts";

/**
 * Over rows with: good, g (the number of a good sample), arrival (ascending within a tag); over time also is_sample (a
 * held value is none) and held (ns this row's value holds in this bucket, 0 where it is not good). FILTER costs a third
 * of a plain question's time, so it stands only where it leaves something out.
 */
const expressions = (samplesOnly: string): Record<AggregateName, string> => ({
	count: `count(*) ${samplesOnly}`,
	countGood: samplesOnly ? "count(*) FILTER (is_sample AND good)" : "count(*) FILTER (good)",
	mean: `avg(g) ${samplesOnly}`,
	min: `min(g) ${samplesOnly}`,
	max: `max(g) ${samplesOnly}`,
	sum: `sum(g) ${samplesOnly}`,
	stddev: `stddev_samp(g) ${samplesOnly}`,
	first: `arg_min(g, arrival) ${samplesOnly}`,
	last: `arg_max(g, arrival) ${samplesOnly}`,
	timeWeightedMean: "sum(g * held) FILTER (g IS NOT NULL) / nullif(sum(held) FILTER (g IS NOT NULL), 0)",
	goodDuration: "sum(held)",
});
const overTime: ReadonlySet<AggregateName> = new Set(["timeWeightedMean", "goodDuration"]);

/** Buckets aligned to 1970; functions over time see the value that held when the range began. */
export async function askAggregate(connection: DuckDBConnection, query: AggregateQuery): Promise<BucketsAnswer[]> {
	const functions = [...new Set(query.functions)];
	const isOverTime = functions.some((name) => overTime.has(name));
	const needsArrival = functions.some((name) => name === "first" || name === "last");
	const sqlOf = expressions(isOverTime ? "FILTER (is_sample)" : "");
	const columns = functions.map((name) => `(${sqlOf[name]})::DOUBLE AS "${name}"`).join(", ");
	const buckets = createBucketsCollector(functions);

	for (const piece of isOverTime ? await piecesOf(connection, query) : [query]) {
		const { sql: ofTags, bindings } = tagIn(piece.tags);
		const where = `${ofTags} AND time >= $from AND time < $until`;
		const range: Bindings = {
			...bindings,
			from: bigint(piece.from),
			until: bigint(piece.until),
			origin: bigint(floorTo(piece.from, piece.bucket)),
			bucket: bigint(piece.bucket),
		};
		const rows = isOverTime
			? await rowsOverTime(connection, piece, { where, range, needsArrival })
			: `SELECT tag, (time - $origin) // $bucket AS b, ${isGood} AS good, ${goodNumber} AS g,
				${needsArrival ? arrivalKey("rowid") : "0"} AS arrival FROM sample WHERE ${where}`;
		await ask(
			connection,
			`SELECT tag, $origin + b * $bucket AS start, ${columns} FROM (${rows}) GROUP BY tag, b ORDER BY tag, b`,
			range,
			(chunk) => buckets.add(chunk),
		);
	}
	return buckets.take(query.tags);
}

/** The greatest multiple of `step` that is not beyond `time`, for times before 1970 too. */
const floorTo = (time: bigint, step: bigint): bigint => time - (((time % step) + step) % step);
