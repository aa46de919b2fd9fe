import type { DuckDBConnection } from "@duckdb/node-api";
import { UINTEGER } from "@duckdb/node-api";
import type { Query, RowsAnswer } from "../protocol.ts";
import { ask, bigint } from "./ask.ts";
import { createRowsCollector } from "./rows.ts";

type RawQuery = Extract<Query, { kind: "raw" }>;
const where = "tag = $tag AND time >= $from AND time < $until";

/** Rows in time order, ties in order of arrival, whichever end is kept. */
export async function askRaw(
	connection: DuckDBConnection,
	{ tag, from, until, limit, newestFirst }: RawQuery,
): Promise<RowsAnswer> {
	const range = { tag: { value: tag, type: UINTEGER }, from: bigint(from), until: bigint(until) };
	const order = newestFirst ? "time DESC, rowid DESC" : "time, rowid";
	const kept = `SELECT time, coalesce(value, 'NaN'::DOUBLE) AS value, quality, text, rowid AS arrival FROM sample WHERE ${where} ORDER BY ${order} LIMIT $limit`;
	const rows = createRowsCollector();
	await ask(
		connection,
		newestFirst ? `SELECT time, value, quality, text FROM (${kept}) ORDER BY time, arrival` : kept,
		{ ...range, limit: bigint(BigInt(limit)) },
		(chunk) => rows.add(chunk),
	);
	let samples = rows.rows;
	if (rows.rows === limit)
		await ask(connection, `SELECT count(*) FROM sample WHERE ${where}`, range, (chunk) => {
			samples = Number(chunk.getColumnVector(0).getItem(0));
		});
	return rows.take(tag, samples);
}
