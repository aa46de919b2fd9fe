import type { Query, RowsAnswer } from "../protocol.ts";
import { rowsOf } from "../tiers/walk.ts";
import { createColumns, meltColumns, type PixelColumn } from "./columns.ts";
import { type Asking, eachTag } from "./question.ts";
import { createRowsCollector, type Row, type RowsCollector, rowIn } from "./rows.ts";

/**
 * Lines that look the same as the samples: first, last, least and greatest of each column, and both sides of every
 * change between good and not good. Where those changes alone would take more than half of the points, each column
 * keeps the first and last sample that is not good instead, so that a gap still shows in the column it lies in.
 */
export async function askDownsample(asking: Asking, query: Extract<Query, { kind: "downsample" }>): Promise<RowsAnswer[]> {
	const { from, until, points } = query;
	const answers: RowsAnswer[] = [];
	await eachTag(asking, query, async (source, tag, breathe) => {
		const drawn = createColumns({ from, until, count: Math.max(1, points >> 2) });
		const edges: Row[] = [];
		let whole: RowsCollector | undefined = createRowsCollector();
		let samples = 0;
		let before: { row: Row; good: boolean } | undefined;
		for (const rows of rowsOf(source, tag, from, until)) {
			const count = rows.offsets.length;
			samples += count;
			if (samples > points) whole = undefined;
			whole?.add(rows);
			drawn.add(rows);
			const isGood = (i: number) => (rows.quality[i] as number) < 0x40;
			if (before && before.good !== isGood(0) && edges.length <= points >> 1) edges.push(before.row, rowIn(rows, 0));
			for (let i = 1; i < count && edges.length <= points >> 1; i++)
				if (isGood(i) !== isGood(i - 1)) edges.push(rowIn(rows, i - 1), rowIn(rows, i));
			before = { row: rowIn(rows, count - 1), good: isGood(count - 1) };
			await breathe();
		}
		if (whole) answers.push(whole.take(tag, samples));
		else if (edges.length > points >> 1)
			answers.push(merge(tag, meltColumns(drawn.columns, Math.max(1, Math.floor(points / 6))), [], samples, true));
		else answers.push(merge(tag, meltColumns(drawn.columns, Math.max(1, (points - edges.length) >> 2)), edges, samples, false));
	});
	return answers;
}

/** In time order without repetitions. */
function merge(
	tag: number,
	columns: readonly PixelColumn[],
	edges: readonly Row[],
	samples: number,
	withBad: boolean,
): RowsAnswer {
	const rows = columns
		.flatMap(({ first, least, greatest, firstBad, lastBad, last }) => [
			first,
			least,
			greatest,
			...(withBad ? [firstBad, lastBad] : []),
			last,
		])
		.concat(edges)
		.filter((row) => row !== undefined)
		.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
	const out = createRowsCollector();
	let sameTime: Row[] = [];
	for (const row of rows) {
		if (sameTime[0]?.time !== row.time) sameTime = [];
		if (sameTime.some((other) => Object.is(other.value, row.value) && other.quality === row.quality && other.text === row.text))
			continue;
		sameTime.push(row);
		out.push(row);
	}
	return out.take(tag, samples);
}
