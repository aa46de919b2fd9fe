import type { SeriesRows } from "@millwright/core";
import { createRowsCollector, type Row } from "./source.ts";

interface Column {
	first: Row;
	last: Row;
	/** Among good numbers. */
	least: Row | undefined;
	greatest: Row | undefined;
	firstBad: Row | undefined;
	lastBad: Row | undefined;
}

const isGood = (row: Row): boolean => row.quality < 0x40;

/**
 * Lines that look the same as the samples, from one pass over them in time order: first, last, least and greatest of each
 * pixel column, and both sides of every change between good and not good. Where those changes alone would take more than
 * half of the points, each column keeps its first and last sample that is not good instead, so that a gap still shows.
 * Source: Jugel et al., M4: A Visualization-Oriented Time Series Data Aggregation, VLDB 2014.
 */
export function createM4({ from, until, points }: { from: bigint; until: bigint; points: number }) {
	const mostColumns = Math.max(1, points >> 2);
	const fewColumns = Math.max(1, Math.floor(points / 6));
	const mostEdges = points >> 1;
	const widthOf = (count: number) => Number((until - from + BigInt(count) - 1n) / BigInt(count));
	const fine = createColumns(widthOf(mostColumns));
	const coarse = createColumns(widthOf(fewColumns));
	const whole: Row[] = [];
	const edges: Row[] = [];
	let samples = 0;
	let previous: Row | undefined;

	return {
		add(row: Row): void {
			samples++;
			if (samples <= points) whole.push(row);
			const at = Number(row.time - from);
			fine.add(row, at);
			coarse.add(row, at);
			if (previous && isGood(previous) !== isGood(row) && edges.length <= mostEdges) edges.push(previous, row);
			previous = row;
		},
		take(): SeriesRows {
			const out = createRowsCollector(Math.max(16, Math.min(samples, points)));
			if (samples <= points) for (const row of whole) out.push(row);
			else {
				const rows =
					edges.length > mostEdges
						? coarse.columns.flatMap(rowsOfColumn)
						: [
								...melted(fine.columns, Math.max(1, (points - edges.length) >> 2)).flatMap(({ first, least, greatest, last }) => [
									first,
									least,
									greatest,
									last,
								]),
								...edges,
							];
				const chosen = [...new Set(rows.filter((row) => row !== undefined))].sort((a, b) =>
					a.time < b.time ? -1 : a.time > b.time ? 1 : 0,
				);
				for (const row of chosen) out.push(row);
			}
			return out.take(samples);
		},
	};
}

const rowsOfColumn = ({ first, least, greatest, firstBad, lastBad, last }: Column): (Row | undefined)[] => [
	first,
	least,
	greatest,
	firstBad,
	lastBad,
	last,
];

function createColumns(width: number) {
	const columns: Column[] = [];
	let current = -1;
	return {
		columns,
		add(row: Row, at: number) {
			const pixel = Math.floor(at / width);
			let column = columns.at(-1);
			if (!column || pixel !== current) {
				current = pixel;
				column = { first: row, last: row, least: undefined, greatest: undefined, firstBad: undefined, lastBad: undefined };
				columns.push(column);
			}
			column.last = row;
			if (isGood(row)) {
				if (!Number.isFinite(row.value)) return;
				if (!column.least || row.value < column.least.value) column.least = row;
				if (!column.greatest || row.value > column.greatest.value) column.greatest = row;
			} else {
				column.firstBad ??= row;
				column.lastBad = row;
			}
		},
	};
}

/** Melts neighbours into one, evenly over the range, until `count` columns are left; extremes stay extremes. */
function melted(columns: readonly Column[], count: number): Column[] {
	if (columns.length <= count) return [...columns];
	return Array.from({ length: count }, (_, i) =>
		columns.slice(Math.floor((i * columns.length) / count), Math.floor(((i + 1) * columns.length) / count)).reduce((a, b) => ({
			first: a.first,
			last: b.last,
			least: better(a.least, b.least, 1),
			greatest: better(a.greatest, b.greatest, -1),
			firstBad: a.firstBad ?? b.firstBad,
			lastBad: b.lastBad ?? a.lastBad,
		})),
	);
}

const better = (one: Row | undefined, other: Row | undefined, sign: 1 | -1): Row | undefined =>
	one && other ? (sign * other.value < sign * one.value ? other : one) : (one ?? other);
