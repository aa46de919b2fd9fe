import type { DuckDBConnection } from "@duckdb/node-api";
import type { Query, RowsAnswer } from "../protocol.ts";
import { ask, type Bindings, bigint, tagIn } from "./ask.ts";
import { createRowsCollector, emptyRows, type Row, type RowsCollector } from "./rows.ts";

type DownsampleQuery = Extract<Query, { kind: "downsample" }>;

/** One pixel column of one tag. Source: Jugel et al., M4: A Visualization-Oriented Time Series Data Aggregation, VLDB 2014. */
interface Column {
	rows: Row[];
}

interface TagColumns {
	samples: number;
	notGood: number;
	texts: number;
	columns: Column[];
}

/**
 * Lines that look the same as the samples: first, last, least and greatest of each column, and both sides of every
 * change between good and not good. Where those changes alone would take more than half of the points, each column
 * keeps the first and last sample that is not good instead, so that a gap still shows in the column it lies in.
 */
export async function askDownsample(connection: DuckDBConnection, query: DownsampleQuery): Promise<RowsAnswer[]> {
	const { tags, points } = query;
	const drawn = await askColumns(connection, query, tags, Math.max(1, points >> 2), {});
	const few = tags.filter((tag) => (drawn.get(tag)?.samples ?? 0) <= points && drawn.has(tag));
	const whole = await askWhole(connection, query, few);
	const answers: RowsAnswer[] = [];
	for (const tag of tags) {
		const seen = drawn.get(tag);
		if (!seen) answers.push(emptyRows(tag));
		else if (whole.has(tag)) answers.push((whole.get(tag) as RowsCollector).take(tag, seen.samples));
		else answers.push(await askReduced(connection, query, tag, seen));
	}
	return answers;
}

async function askReduced(
	connection: DuckDBConnection,
	query: DownsampleQuery,
	tag: number,
	seen: TagColumns,
): Promise<RowsAnswer> {
	const { points } = query;
	const withText = seen.texts > 0;
	let columns = seen.columns;
	let edges: Row[] = [];
	if (seen.notGood > 0) {
		edges = await askEdges(connection, query, tag, points >> 1);
		const thin = edges.length > points >> 1;
		if (thin) edges = [];
		const count = Math.max(1, thin ? Math.floor(points / 6) : (points - edges.length) >> 2);
		const again = await askColumns(connection, query, [tag], count, { withText, notGood: thin });
		columns = again.get(tag)?.columns ?? [];
	} else if (withText) {
		const again = await askColumns(connection, query, [tag], Math.max(1, points >> 2), { withText });
		columns = again.get(tag)?.columns ?? [];
	}
	return merge(tag, columns, edges, seen.samples);
}

/** In time order without repetitions. */
function merge(tag: number, columns: readonly Column[], edges: readonly Row[], samples: number): RowsAnswer {
	const rows = [...columns.flatMap((column) => column.rows), ...edges].sort((a, b) =>
		a.time < b.time ? -1 : a.time > b.time ? 1 : 0,
	);
	const out = createRowsCollector();
	let sameTime: Row[] = [];
	for (const row of rows) {
		if (sameTime[0]?.time !== row.time) sameTime = [];
		if (sameTime.some((other) => Object.is(other.value, row.value) && other.quality === row.quality)) continue;
		sameTime.push(row);
		out.push(row);
	}
	return out.take(tag, samples);
}

const inRange = "time >= $from AND time < $until";
const rangeOf = ({ from, until }: DownsampleQuery): Bindings => ({ from: bigint(from), until: bigint(until) });
const notGood = "quality >= 64";

async function askColumns(
	connection: DuckDBConnection,
	query: DownsampleQuery,
	tags: readonly number[],
	count: number,
	options: { withText?: boolean; notGood?: boolean },
): Promise<Map<number, TagColumns>> {
	const { sql: ofTags, bindings } = tagIn(tags);
	const text = (pick: string) => (options.withText ? `${pick}(text, arrival)` : "NULL::VARCHAR");
	const bad = options.notGood
		? `min(time) FILTER (${notGood}), arg_min_null(value, arrival) FILTER (${notGood}), arg_min_null(quality, arrival) FILTER (${notGood}),
			max(time) FILTER (${notGood}), arg_max_null(value, arrival) FILTER (${notGood}), arg_max_null(quality, arrival) FILTER (${notGood})`
		: "NULL, NULL, NULL, NULL, NULL, NULL";
	const width = (query.until - query.from + BigInt(count) - 1n) / BigInt(count);
	const found = new Map<number, TagColumns>();
	await ask(
		connection,
		`SELECT tag, count(*), count(*) FILTER (${notGood}), count(text),
			min(time), arg_min_null(value, arrival), arg_min_null(quality, arrival), ${text("arg_min_null")},
			max(time), arg_max_null(value, arrival), arg_max_null(quality, arrival), ${text("arg_max_null")},
			arg_min(time, g), min(g), arg_min(quality, g), arg_max(time, g), max(g), arg_max(quality, g), ${bad}
		FROM (SELECT tag, time, value, quality, text, (time - $from) // $width AS pixel,
			(time - $from)::HUGEINT * 1099511627776 + rowid AS arrival,
			CASE WHEN quality < 64 AND isfinite(value) THEN value END AS g
			FROM sample WHERE ${ofTags} AND ${inRange})
		GROUP BY tag, pixel ORDER BY tag, pixel`,
		{ ...bindings, ...rangeOf(query), width: bigint(width > 0n ? width : 1n) },
		(chunk) => {
			const c = chunk.getColumns();
			const row = (i: number, at: number, said?: number): Row | undefined => {
				const time = c[at]?.[i] as bigint | null;
				if (time === null) return undefined;
				return {
					time,
					value: (c[at + 1]?.[i] as number | null) ?? Number.NaN,
					quality: c[at + 2]?.[i] as number,
					text: said === undefined ? undefined : ((c[said]?.[i] as string | null) ?? undefined),
				};
			};
			for (let i = 0; i < chunk.rowCount; i++) {
				const tag = c[0]?.[i] as number;
				let of = found.get(tag);
				if (!of) {
					of = { samples: 0, notGood: 0, texts: 0, columns: [] };
					found.set(tag, of);
				}
				of.samples += Number(c[1]?.[i]);
				of.notGood += Number(c[2]?.[i]);
				of.texts += Number(c[3]?.[i]);
				const rows = [row(i, 4, 7), row(i, 8, 11), row(i, 12), row(i, 15), row(i, 18), row(i, 21)];
				of.columns.push({ rows: rows.filter((candidate) => candidate !== undefined) });
			}
		},
	);
	return found;
}

async function askWhole(
	connection: DuckDBConnection,
	query: DownsampleQuery,
	tags: readonly number[],
): Promise<Map<number, RowsCollector>> {
	const found = new Map<number, RowsCollector>();
	for (const tag of tags) {
		const { sql, bindings } = tagIn([tag]);
		const rows = createRowsCollector();
		await ask(
			connection,
			`SELECT time, coalesce(value, 'NaN'::DOUBLE), quality, text FROM sample WHERE ${sql} AND ${inRange} ORDER BY time, rowid`,
			{ ...bindings, ...rangeOf(query) },
			(chunk) => rows.add(chunk),
		);
		found.set(tag, rows);
	}
	return found;
}

/** Both sides of every change between good and not good; a few more than `most` where there are too many. */
async function askEdges(connection: DuckDBConnection, query: DownsampleQuery, tag: number, most: number): Promise<Row[]> {
	const { sql, bindings } = tagIn([tag]);
	const edges: Row[] = [];
	await ask(
		connection,
		`SELECT time, value, quality, text FROM (
			SELECT time, value, quality, text, quality < 64 AS good, lag(quality < 64) OVER line AS earlier, lead(quality < 64) OVER line AS later
			FROM sample WHERE ${sql} AND ${inRange} WINDOW line AS (ORDER BY time, rowid))
		WHERE good != earlier OR good != later ORDER BY time LIMIT $most`,
		{ ...bindings, ...rangeOf(query), most: bigint(BigInt(most + 1)) },
		(chunk) => {
			for (const [time, value, quality, text] of chunk.getRows() as [bigint, number | null, number, string | null][])
				edges.push({ time, value: value ?? Number.NaN, quality, text: text ?? undefined });
		},
	);
	return edges;
}
