import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type { Query } from "../protocol.ts";
import { ask, type Bindings, bigint, tagIn } from "./ask.ts";
import type { Row } from "./rows.ts";

export type DownsampleQuery = Extract<Query, { kind: "downsample" }>;

/** One pixel column of one tag: first, last, least and greatest, and where asked the first and last that is not good. */
export interface PixelColumn {
	pixel: bigint;
	first: Row;
	last: Row;
	/** Among good numbers. */
	least: Row | undefined;
	greatest: Row | undefined;
	firstBad: Row | undefined;
	lastBad: Row | undefined;
	samples: number;
	notGood: number;
}

export interface TagColumns {
	samples: number;
	notGood: number;
	texts: number;
	columns: PixelColumn[];
}

export const inRange = "time >= $from AND time < $until";
export const rangeOf = ({ from, until }: DownsampleQuery): Bindings => ({ from: bigint(from), until: bigint(until) });
export const widthOf = ({ from, until }: DownsampleQuery, count: number): bigint =>
	(until - from + BigInt(count) - 1n) / BigInt(count);

const notGood = "quality >= 64";

/** Source: Jugel et al., M4: A Visualization-Oriented Time Series Data Aggregation, VLDB 2014. */
export async function askColumns(
	connection: DuckDBConnection,
	query: DownsampleQuery,
	tags: readonly number[],
	count: number,
	options: { withText?: boolean; withBad?: boolean } = {},
): Promise<Map<number, TagColumns>> {
	const { sql: ofTags, bindings } = tagIn(tags);
	// Words and bad samples cost time, and most tags have neither.
	const text = (pick: string) => (options.withText ? `${pick}(text, arrival)` : "NULL::VARCHAR");
	const bad = options.withBad
		? `min(time) FILTER (${notGood}), arg_min_null(value, arrival) FILTER (${notGood}), arg_min_null(quality, arrival) FILTER (${notGood}),
			max(time) FILTER (${notGood}), arg_max_null(value, arrival) FILTER (${notGood}), arg_max_null(quality, arrival) FILTER (${notGood})`
		: "NULL, NULL, NULL, NULL, NULL, NULL";
	const found = new Map<number, TagColumns>();
	await ask(
		connection,
		`SELECT tag, pixel, count(*), count(*) FILTER (${notGood}), count(text),
			min(time), arg_min_null(value, arrival), arg_min_null(quality, arrival), ${text("arg_min_null")},
			max(time), arg_max_null(value, arrival), arg_max_null(quality, arrival), ${text("arg_max_null")},
			arg_min(time, g), min(g), arg_min(quality, g), arg_max(time, g), max(g), arg_max(quality, g), ${bad}
		FROM (SELECT tag, time, value, quality, text, (time - $from) // $width AS pixel,
			(time - $from)::HUGEINT * 1099511627776 + rowid AS arrival,
			CASE WHEN quality < 64 AND isfinite(value) THEN value END AS g
			FROM sample WHERE ${ofTags} AND ${inRange})
		GROUP BY tag, pixel ORDER BY tag, pixel`,
		{ ...bindings, ...rangeOf(query), width: bigint(widthOf(query, count)) },
		(chunk) => addColumns(chunk, found),
	);
	return found;
}

function addColumns(chunk: DuckDBDataChunk, found: Map<number, TagColumns>): void {
	const cells = chunk.getColumns();
	const rowAt = (i: number, at: number, said?: number): Row | undefined => {
		const time = cells[at]?.[i] as bigint | null;
		if (time === null) return undefined;
		return {
			time,
			value: (cells[at + 1]?.[i] as number | null) ?? Number.NaN,
			quality: cells[at + 2]?.[i] as number,
			text: said === undefined ? undefined : ((cells[said]?.[i] as string | null) ?? undefined),
		};
	};
	for (let i = 0; i < chunk.rowCount; i++) {
		const tag = cells[0]?.[i] as number;
		let of = found.get(tag);
		if (!of) {
			of = { samples: 0, notGood: 0, texts: 0, columns: [] };
			found.set(tag, of);
		}
		const column: PixelColumn = {
			pixel: cells[1]?.[i] as bigint,
			samples: Number(cells[2]?.[i]),
			notGood: Number(cells[3]?.[i]),
			first: rowAt(i, 5, 8) as Row,
			last: rowAt(i, 9, 12) as Row,
			least: rowAt(i, 13),
			greatest: rowAt(i, 16),
			firstBad: rowAt(i, 19),
			lastBad: rowAt(i, 22),
		};
		of.samples += column.samples;
		of.notGood += column.notGood;
		of.texts += Number(cells[4]?.[i]);
		of.columns.push(column);
	}
}

/** Melts neighbours into one, evenly over the range, until `count` columns are left; extremes stay extremes. */
export function meltColumns(columns: readonly PixelColumn[], count: number): PixelColumn[] {
	if (columns.length <= count) return [...columns];
	const melted: PixelColumn[] = [];
	for (let i = 0; i < count; i++) {
		const from = Math.floor((i * columns.length) / count);
		const until = Math.floor(((i + 1) * columns.length) / count);
		melted.push(columns.slice(from, until).reduce(joined));
	}
	return melted;
}

function joined(a: PixelColumn, b: PixelColumn): PixelColumn {
	const better = (one: Row | undefined, other: Row | undefined, sign: 1 | -1) =>
		one && other ? (sign * other.value < sign * one.value ? other : one) : (one ?? other);
	return {
		pixel: a.pixel,
		first: a.first,
		last: b.last,
		least: better(a.least, b.least, 1),
		greatest: better(a.greatest, b.greatest, -1),
		firstBad: a.firstBad ?? b.firstBad,
		lastBad: b.lastBad ?? a.lastBad,
		samples: a.samples + b.samples,
		notGood: a.notGood + b.notGood,
	};
}
