import type { DayRows } from "../parquet/rows.ts";
import { type Row, rowIn } from "./rows.ts";

/** One pixel column of one tag: first, last, least and greatest, and the first and last that is not good. */
export interface PixelColumn {
	first: Row;
	last: Row;
	/** Among good numbers. */
	least: Row | undefined;
	greatest: Row | undefined;
	firstBad: Row | undefined;
	lastBad: Row | undefined;
}

/**
 * Columns of equal width from rows in time order. Source: Jugel et al., M4: A Visualization-Oriented Time Series Data
 * Aggregation, VLDB 2014.
 */
export function createColumns({ from, until, count }: { from: bigint; until: bigint; count: number }) {
	const width = Number((until - from + BigInt(count) - 1n) / BigInt(count));
	const columns: PixelColumn[] = [];
	let column: PixelColumn | undefined;
	/** Ends the column at hand, ns since the range began. */
	let border = Number.NEGATIVE_INFINITY;
	let least = Number.POSITIVE_INFINITY;
	let greatest = Number.NEGATIVE_INFINITY;

	return {
		columns,
		add(rows: DayRows): void {
			const { offsets, values, quality } = rows;
			const begin = Number(rows.day - from);
			// Places of what a column keeps, so that rows are only made of what is kept.
			let leastAt = -1;
			let greatestAt = -1;
			let badAt = -1;
			const settle = (end: number) => {
				if (!column) return;
				if (end >= 0) column.last = rowIn(rows, end);
				if (leastAt >= 0) column.least = rowIn(rows, leastAt);
				if (greatestAt >= 0) column.greatest = rowIn(rows, greatestAt);
				if (badAt >= 0) column.lastBad = rowIn(rows, badAt);
				leastAt = greatestAt = badAt = -1;
			};
			for (let i = 0; i < offsets.length; i++) {
				const time = begin + (offsets[i] as number);
				if (time >= border) {
					settle(i - 1);
					const first = rowIn(rows, i);
					column = { first, last: first, least: undefined, greatest: undefined, firstBad: undefined, lastBad: undefined };
					columns.push(column);
					border = (Math.floor(time / width) + 1) * width;
					least = Number.POSITIVE_INFINITY;
					greatest = Number.NEGATIVE_INFINITY;
				}
				if ((quality[i] as number) >= 0x40) {
					if (column && !column.firstBad) column.firstBad = rowIn(rows, i);
					badAt = i;
					continue;
				}
				const value = values[i] as number;
				if (!Number.isFinite(value)) continue;
				if (value < least) {
					least = value;
					leastAt = i;
				}
				if (value > greatest) {
					greatest = value;
					greatestAt = i;
				}
			}
			settle(offsets.length - 1);
		},
	};
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
		first: a.first,
		last: b.last,
		least: better(a.least, b.least, 1),
		greatest: better(a.greatest, b.greatest, -1),
		firstBad: a.firstBad ?? b.firstBad,
		lastBad: b.lastBad ?? a.lastBad,
	};
}
