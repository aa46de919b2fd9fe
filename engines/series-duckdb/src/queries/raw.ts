import { sliceRows } from "../parquet/rows.ts";
import type { Query, RowsAnswer } from "../protocol.ts";
import { countOf, rowsOf } from "../tiers/walk.ts";
import { type Asking, withSource } from "./question.ts";
import { createRowsCollector } from "./rows.ts";

/** Rows of one tag, and how many there are altogether. */
export function askRaw(
	asking: Asking,
	{ tag, from, until, limit, newestFirst }: Extract<Query, { kind: "raw" }>,
): Promise<RowsAnswer> {
	return withSource(asking, { tags: [tag], from, until }, async (source, breathe) => {
		const runs = [];
		let taken = 0;
		let isAll = true;
		for (const rows of rowsOf(source, tag, from, until, { backwards: newestFirst })) {
			if (taken === limit) {
				isAll = false;
				break;
			}
			const count = rows.offsets.length;
			const wanted = Math.min(count, limit - taken);
			if (wanted < count) isAll = false;
			runs.push(newestFirst ? sliceRows(rows, count - wanted, count) : sliceRows(rows, 0, wanted));
			taken += wanted;
			await breathe();
		}
		const collector = createRowsCollector();
		for (const run of newestFirst ? runs.toReversed() : runs) collector.add(run);
		let samples = taken;
		if (!isAll) {
			samples = 0;
			for (const count of countOf(source, tag, from, until)) {
				samples += count;
				await breathe();
			}
		}
		return collector.take(tag, samples);
	});
}
