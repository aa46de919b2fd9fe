import type { DuckDBConnection } from "@duckdb/node-api";
import { type DayRows, dayNs } from "../parquet/rows.ts";
import { createSegmentWriter, type SegmentWriter } from "../parquet/segment-writer.ts";
import { ask, type Bindings, bigint } from "../queries/ask.ts";
import { dayNumber, eachRun } from "./hot-rows.ts";
import type { Moving } from "./mover.ts";
import type { Segment, Segments } from "./segments.ts";

export interface NewSegment {
	day: bigint;
	tier: Segment["tier"];
	piece?: string;
	/** Takes the place of another among its day's; a new one otherwise. */
	place?: number;
	withTexts: boolean;
	replaces?: readonly Segment[];
}

/** Writes a file that nobody knows until the caller commits; undefined when it would hold nothing. */
export async function writeSegment(
	segments: Segments,
	{ day, tier, piece = "", place, withTexts, replaces = [] }: NewSegment,
	fill: (writer: SegmentWriter) => Promise<void>,
): Promise<Segment | undefined> {
	const fresh = segments.newFile(day, tier);
	const about = { tier, piece, place: place ?? fresh.place, replaces: replaces.map(({ file }) => file) };
	const writer = createSegmentWriter({ file: segments.path(fresh.file), day, withTexts, about });
	try {
		await fill(writer);
		const { rows, bytes, oldest, newest, firstTag, lastTag, texts } = await writer.finish();
		if (rows === 0) {
			writer.abandon();
			return undefined;
		}
		return {
			file: fresh.file,
			day,
			tier,
			piece,
			place: about.place,
			rows,
			bytes,
			oldest: day + BigInt(oldest),
			newest: day + BigInt(newest),
			firstTag,
			lastTag,
			texts,
			damaged: false,
		};
	} catch (thrown) {
		writer.abandon();
		throw thrown;
	}
}

/** Rows that are sorted at once. */
const rowsAtOnce = 500_000;
/** The first whole day a 64-bit count of ns can name; what claims to be older stays in the table. */
export const firstDay = -9_223_286_400_000_000_000n;

/** Rows of a table, one file a day; all or none of the files stay. */
export async function writeDays(
	{ segments, check, breathe }: Pick<Moving, "segments" | "check" | "breathe">,
	connection: DuckDBConnection,
	table: { name: string; where: string; bindings: Bindings },
	about: { tier: Segment["tier"]; piece?: string },
): Promise<Segment[]> {
	const days = new Map<bigint, { tag: number; rows: number; texts: number }[]>();
	await ask(
		connection,
		`SELECT ${dayNumber} AS day, tag, count(*), count(text) FROM ${table.name} WHERE ${table.where} GROUP BY day, tag ORDER BY day, tag`,
		table.bindings,
		(chunk) => {
			for (const [number, tag, rows, texts] of chunk.getRows() as [bigint, number, bigint, bigint][]) {
				const day = number * dayNs;
				const of = { tag, rows: Number(rows), texts: Number(texts) };
				const known = days.get(day);
				if (known) known.push(of);
				else days.set(day, [of]);
			}
		},
	);
	const written: Segment[] = [];
	try {
		for (const [day, tags] of days) {
			const withTexts = tags.some(({ texts }) => texts > 0);
			const segment = await writeSegment(segments, { ...about, day, withTexts }, async (writer) => {
				for (const { first, last } of stretches(tags)) {
					await ask(
						connection,
						`SELECT tag, time, coalesce(value, 'NaN'::DOUBLE), quality, text FROM ${table.name}
						WHERE tag >= $first AND tag <= $last AND time >= $day AND time < $next AND (${table.where}) ORDER BY tag, time, rowid`,
						{
							...table.bindings,
							first: bigint(BigInt(first)),
							last: bigint(BigInt(last)),
							day: bigint(day),
							next: bigint(nextDay(day)),
						},
						async (chunk) => {
							eachRun(chunk, (tag, rows: DayRows) => writer.add(tag, rows));
							check();
							await breathe();
						},
					);
				}
			});
			if (segment) written.push(segment);
		}
		return written;
	} catch (thrown) {
		segments.discard(written);
		throw thrown;
	}
}

const nextDay = (day: bigint) => (day + dayNs < 2n ** 63n ? day + dayNs : 2n ** 63n - 1n);

function* stretches(tags: readonly { tag: number; rows: number }[]): Generator<{ first: number; last: number }> {
	let first: number | undefined;
	let rows = 0;
	for (const [i, one] of tags.entries()) {
		first ??= one.tag;
		rows += one.rows;
		const next = tags[i + 1];
		if (next && rows + next.rows <= rowsAtOnce) continue;
		yield { first, last: one.tag };
		first = undefined;
		rows = 0;
	}
}
