import type { SeriesRows, TimeRange } from "@millwright/core";
import { int64At } from "../copy-format.ts";
import type { Ask } from "../readers.ts";
import { countOf, createRowsCollector, rowsOf } from "./source.ts";
import { widening } from "./widening.ts";

/** Rows in time order, ties in order of arrival, whichever end is kept. */
export async function askRaw(
	ask: Ask,
	{ tag, range, limit, newestFirst = false }: { tag: number; range: TimeRange; limit: number; newestFirst?: boolean },
): Promise<SeriesRows> {
	const order = newestFirst ? "time DESC, arrival DESC" : "time, arrival";
	let rows = createRowsCollector();
	for await (const part of widening(ask, { tags: [tag], range, fromEnd: newestFirst })) {
		const kept = `SELECT time, value, quality, text, arrival FROM ${rowsOf([tag], part)} r ORDER BY ${order} LIMIT ${Math.max(0, Math.trunc(limit))}`;
		rows = createRowsCollector();
		await ask(newestFirst ? `SELECT * FROM (${kept}) k ORDER BY time, arrival` : kept, 5, (fields) => rows.add(fields));
		if (rows.rows >= limit) break;
	}
	let samples = rows.rows;
	if (rows.rows >= limit)
		await ask(`SELECT ${countOf(tag, range)}`, 1, (fields) => {
			samples = Number(int64At(fields, 0));
		});
	return rows.take(samples);
}
