import type { SeriesRows, TimeRange } from "@millwright/core";
import { doubleAt, int16At, int64At, textAt } from "../copy-format.ts";
import type { Ask } from "../readers.ts";
import { givenText } from "../stored-text.ts";
import { createM4 } from "./m4.ts";
import { rowsOf } from "./source.ts";

/** The rows stream by in order and are reduced here: one pass by index costs the server less than grouping them. */
export async function askDownsample(
	ask: Ask,
	{ tags, range, points }: { tags: readonly number[]; range: TimeRange; points: number },
): Promise<Map<number, SeriesRows>> {
	const reducers = new Map(tags.map((tag) => [tag, createM4({ ...range, points })]));
	for (const [tag, reducer] of reducers)
		await ask(`SELECT time, value, quality, text FROM ${rowsOf([tag], range)} r ORDER BY time, arrival`, 4, (fields) => {
			const said = textAt(fields, 3);
			reducer.add({
				time: int64At(fields, 0),
				value: doubleAt(fields, 1),
				quality: int16At(fields, 2),
				text: said === undefined ? undefined : givenText(said),
			});
		});
	return new Map([...reducers].map(([tag, reducer]) => [tag, reducer.take()]));
}
