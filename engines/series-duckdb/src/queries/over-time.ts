import { DOUBLE, type DuckDBConnection, LIST, listValue, UTINYINT } from "@duckdb/node-api";
import type { Query } from "../protocol.ts";
import { ask, type Bindings, bigint, tagIn, tagList } from "./ask.ts";
import { askBefore } from "./before.ts";

export type AggregateQuery = Extract<Query, { kind: "aggregate" }>;

export const isGood = "quality < 64";
export const goodNumber = "CASE WHEN quality < 64 AND isfinite(value) THEN value END";
/** Time first, then arrival, in one comparable number. */
export const arrivalKey = (row: string) => `(time - $origin)::HUGEINT * 1099511627776 + ${row}`;

/** Rows sorted at once; more would need more memory than a plant's historian may take. */
const rowsPerPiece = 400_000;

/** The question in parts of bounded size: single tags, and slices of whole buckets. What holds over a border is carried. */
export async function piecesOf(connection: DuckDBConnection, query: AggregateQuery): Promise<AggregateQuery[]> {
	const { sql, bindings } = tagIn(query.tags);
	const counts = new Map<number, number>();
	await ask(
		connection,
		`SELECT tag, count(*) FROM sample WHERE ${sql} AND time >= $from AND time < $until GROUP BY tag`,
		{ ...bindings, from: bigint(query.from), until: bigint(query.until) },
		(chunk) => {
			for (const [tag, count] of chunk.getRows() as [number, bigint][]) counts.set(tag, Number(count));
		},
	);
	const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
	if (total <= rowsPerPiece) return [query];
	return query.tags.flatMap((tag) => slicesOf({ ...query, tags: [tag] }, Math.ceil((counts.get(tag) ?? 0) / rowsPerPiece)));
}

function slicesOf(query: AggregateQuery, wanted: number): AggregateQuery[] {
	const { from, until, bucket } = query;
	const whole = (until - from) / bucket + 1n;
	const perSlice = (whole / BigInt(Math.max(1, wanted)) + 1n) * bucket;
	const slices: AggregateQuery[] = [];
	// The first slice ends at a border, wherever the range begins.
	for (let at = from; at < until; ) {
		const border = at - (((at % bucket) + bucket) % bucket) + perSlice;
		const end = border < until ? border : until;
		slices.push({ ...query, from: at, until: end });
		at = end;
	}
	return slices;
}

/** SQL of each sample with the time it holds, cut at the borders of buckets; one that is not good only ends the one before. */
export async function rowsOverTime(
	connection: DuckDBConnection,
	query: AggregateQuery,
	{ where, range, needsArrival }: { where: string; range: Bindings; needsArrival: boolean },
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
			SELECT *, CASE WHEN ${isGood} THEN greatest(time, least(${next}, $until, $now)) ELSE time END AS ends FROM known
		), placed AS (
			SELECT tag, time, ends, row, ${isGood} AS good, ${goodNumber} AS g, ${needsArrival ? arrivalKey("row") : "0"} AS arrival,
				(time - $origin) // $bucket AS b0, (greatest(ends - 1, time) - $origin) // $bucket AS b1 FROM held
		)
		SELECT tag, b0 AS b, row >= 0 AS is_sample, good, g, arrival, ends - time AS held FROM placed
			WHERE b0 = b1 AND (row >= 0 OR ends > time)
		UNION ALL
		SELECT tag, b, row >= 0 AND b = b0, good, g, arrival,
			least(ends, $origin + (b + 1) * $bucket) - greatest(time, $origin + b * $bucket)
			FROM (SELECT *, unnest(range(b0, b1 + 1)) AS b FROM placed WHERE b0 < b1)`;
}
