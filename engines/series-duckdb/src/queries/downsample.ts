import { BIGINT, type DuckDBConnection, LIST, listValue } from "@duckdb/node-api";
import type { RowsAnswer } from "../protocol.ts";
import { ask, bigint, tagIn } from "./ask.ts";
import {
	askColumns,
	type DownsampleQuery,
	inRange,
	meltColumns,
	type PixelColumn,
	rangeOf,
	type TagColumns,
	widthOf,
} from "./columns.ts";
import { createRowsCollector, emptyRows, type Row, type RowsCollector } from "./rows.ts";

/**
 * Lines that look the same as the samples: first, last, least and greatest of each column, and both sides of every
 * change between good and not good. Where those changes alone would take more than half of the points, each column
 * keeps the first and last sample that is not good instead, so that a gap still shows in the column it lies in.
 */
export async function askDownsample(connection: DuckDBConnection, query: DownsampleQuery): Promise<RowsAnswer[]> {
	const { tags, points } = query;
	const drawn = await askColumns(connection, query, tags, columnsFor(points));
	const answers: RowsAnswer[] = [];
	for (const tag of tags) {
		const seen = drawn.get(tag);
		if (!seen) answers.push(emptyRows(tag));
		else if (seen.samples <= points) answers.push((await askWhole(connection, query, tag)).take(tag, seen.samples));
		else answers.push(await askReduced(connection, query, tag, seen));
	}
	return answers;
}

const columnsFor = (points: number) => Math.max(1, points >> 2);

async function askReduced(
	connection: DuckDBConnection,
	query: DownsampleQuery,
	tag: number,
	seen: TagColumns,
): Promise<RowsAnswer> {
	const { points } = query;
	const withText = seen.texts > 0;
	const columnsAgain = async (count: number, withBad: boolean): Promise<PixelColumn[]> =>
		(await askColumns(connection, query, [tag], count, { withText, withBad })).get(tag)?.columns ?? [];

	const columns = withText ? await columnsAgain(columnsFor(points), false) : seen.columns;
	const edges = seen.notGood > 0 ? await askEdges(connection, query, tag, columns) : [];
	if (edges.length > points >> 1)
		return merge(tag, await columnsAgain(Math.max(1, Math.floor(points / 6)), true), [], seen.samples);
	return merge(tag, meltColumns(columns, Math.max(1, (points - edges.length) >> 2)), edges, seen.samples);
}

/** In time order without repetitions. */
function merge(tag: number, columns: readonly PixelColumn[], edges: readonly Row[], samples: number): RowsAnswer {
	const rows = columns
		.flatMap(({ first, least, greatest, firstBad, lastBad, last }) => [first, least, greatest, firstBad, lastBad, last])
		.concat(edges)
		.filter((row) => row !== undefined)
		.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
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

async function askWhole(connection: DuckDBConnection, query: DownsampleQuery, tag: number): Promise<RowsCollector> {
	const { sql, bindings } = tagIn([tag]);
	const rows = createRowsCollector();
	await ask(
		connection,
		`SELECT time, coalesce(value, 'NaN'::DOUBLE), quality, text FROM sample WHERE ${sql} AND ${inRange} ORDER BY time, rowid`,
		{ ...bindings, ...rangeOf(query) },
		(chunk) => rows.add(chunk),
	);
	return rows;
}

/**
 * Both sides of every change between good and not good; a few more than half of the points where there are too many.
 * Within columns that hold both kinds they are looked for; between columns they are the last and the first.
 */
async function askEdges(
	connection: DuckDBConnection,
	query: DownsampleQuery,
	tag: number,
	columns: readonly PixelColumn[],
): Promise<Row[]> {
	const isGood = (row: Row) => row.quality < 0x40;
	const edges: Row[] = [];
	for (const [i, column] of columns.entries()) {
		const next = columns[i + 1];
		if (next && isGood(column.last) !== isGood(next.first)) edges.push(column.last, next.first);
	}
	const mixed = columns.filter(({ samples, notGood }) => notGood > 0 && notGood < samples);
	if (mixed.length === 0) return edges;
	const width = widthOf(query, columnsFor(query.points));
	const firstPixel = (mixed[0] as PixelColumn).pixel;
	const lastPixel = (mixed.at(-1) as PixelColumn).pixel;
	const { sql, bindings } = tagIn([tag]);
	await ask(
		connection,
		`SELECT time, value, quality, text FROM (
			SELECT time, value, quality, text, quality < 64 AS good, lag(quality < 64) OVER line AS earlier, lead(quality < 64) OVER line AS later
			FROM (SELECT *, rowid AS row, (time - $origin) // $width AS pixel FROM sample WHERE ${sql} AND ${inRange})
			WHERE pixel IN (SELECT unnest($pixels))
			WINDOW line AS (PARTITION BY pixel ORDER BY time, row))
		WHERE good != earlier OR good != later ORDER BY time LIMIT $most`,
		{
			...bindings,
			from: bigint(query.from + firstPixel * width),
			until: bigint(query.from + (lastPixel + 1n) * width < query.until ? query.from + (lastPixel + 1n) * width : query.until),
			origin: bigint(query.from),
			width: bigint(width),
			pixels: { value: listValue(mixed.map(({ pixel }) => pixel)), type: LIST(BIGINT) },
			most: bigint(BigInt((query.points >> 1) + 1)),
		},
		(chunk) => {
			for (const [time, value, quality, text] of chunk.getRows() as [bigint, number | null, number, string | null][])
				edges.push({ time, value: value ?? Number.NaN, quality, text: text ?? undefined });
		},
	);
	return edges;
}
