import type { SeriesRows, TimeRange } from "@millwright/core";
import { int64At } from "../copy-format.ts";
import type { Ask } from "../readers.ts";
import { createRowsCollector, rowsOf } from "./source.ts";

/** Rows in time order, ties in order of arrival, whichever end is kept. */
export async function askRaw(
	ask: Ask,
	{ tag, range, limit, newestFirst = false }: { tag: number; range: TimeRange; limit: number; newestFirst?: boolean },
): Promise<SeriesRows> {
	const order = newestFirst ? "time DESC, arrival DESC" : "time, arrival";
	const kept = `SELECT time, value, quality, text, arrival FROM ${rowsOf([tag], range)} r ORDER BY ${order} LIMIT ${Math.max(0, Math.trunc(limit))}`;
	const rows = createRowsCollector();
	await ask(newestFirst ? `SELECT * FROM (${kept}) k ORDER BY time, arrival` : kept, 5, (fields) => rows.add(fields));
	let samples = rows.rows;
	if (rows.rows >= limit)
		await ask(`SELECT count(*) FROM ${rowsOf([tag], range)} r`, 1, (fields) => {
			samples = Number(int64At(fields, 0));
		});
	return rows.take(samples);
}
