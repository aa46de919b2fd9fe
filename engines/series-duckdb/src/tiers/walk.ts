import { cutRows, type DayRows, dayNs, dayOf, mergeRows, sliceRows } from "../parquet/rows.ts";
import type { RowsByTag } from "./hot-rows.ts";
import type { Lease, Segment, Segments } from "./segments.ts";

/** Everything a question reads from: files as they were when it began, and the hot rows it asked for. */
export interface Source {
	segments: Segments;
	lease: Lease;
	hot: RowsByTag;
}

interface Piece {
	least: number;
	greatest: number;
	/** Rows, when nothing has to be read to know. */
	rows: number;
	/** Whether all its rows are this tag's. */
	own: boolean;
	read(): DayRows;
}

/**
 * Rows of one tag in [from, until) in time order, ties in order of arrival, a bounded run at a time. Blocks whose times
 * overlap are merged, others are handed on one by one. `backwards`: the latest run first; rows within a run stay ascending.
 */
export function* rowsOf(
	source: Source,
	tag: number,
	from: bigint,
	until: bigint,
	{ backwards = false }: { backwards?: boolean } = {},
): Generator<DayRows> {
	for (const day of daysOf(source, tag, from, until, backwards)) {
		const clusters = clustersOf(piecesOf(source, source.lease.on(day), tag, day, from, until));
		for (const cluster of backwards ? clusters.toReversed() : clusters) {
			const rows = cutRows(mergeRows(cluster.map((piece) => piece.read())), from, until);
			if (rows.offsets.length > 0) yield rows;
		}
	}
}

/** How many rows that hands out; reads only blocks at the edges of the range, and those that several tags share. */
export function* countOf(source: Source, tag: number, from: bigint, until: bigint): Generator<number> {
	for (const day of daysOf(source, tag, from, until, false))
		for (const piece of piecesOf(source, source.lease.on(day), tag, day, from, until)) {
			const within = day + BigInt(piece.least) >= from && day + BigInt(piece.greatest) < until;
			yield within && piece.own ? piece.rows : cutRows(piece.read(), from, until).offsets.length;
		}
}

/** Days that can hold rows of the tag, ascending or descending. */
function daysOf({ lease, hot }: Source, tag: number, from: bigint, until: bigint, backwards: boolean): bigint[] {
	const first = dayOf(from);
	let low = 0;
	let high = lease.days.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((lease.days[middle] as bigint) < first) low = middle + 1;
		else high = middle;
	}
	const days: bigint[] = [];
	for (let i = low; i < lease.days.length && (lease.days[i] as bigint) < until; i++) days.push(lease.days[i] as bigint);
	const own = hot.get(tag);
	if (own) {
		const filed = new Set(days);
		let added = false;
		for (const day of own.keys())
			if (!filed.has(day) && day < until && day + dayNs > from) {
				days.push(day);
				added = true;
			}
		if (added) days.sort((a, b) => (a < b ? -1 : 1));
	}
	return backwards ? days.reverse() : days;
}

function piecesOf(
	{ segments, hot }: Source,
	on: readonly Segment[],
	tag: number,
	day: bigint,
	from: bigint,
	until: bigint,
): Piece[] {
	const pieces: Piece[] = [];
	for (const segment of on) {
		if (tag < segment.firstTag || tag > segment.lastTag || segment.oldest >= until || segment.newest < from) continue;
		const { index, blocks } = segments.reader(segment);
		for (const block of blocks(tag, from, until))
			pieces.push({
				least: index.least(block),
				greatest: index.greatest(block),
				rows: index.rows(block),
				own: index.firstTag(block) === index.lastTag(block),
				// The reader may have been closed meanwhile and is asked for again.
				read: () => segments.reader(segment).rows(segments.read(segment, block), tag, day, day + dayNs),
			});
	}
	const rows = hot.get(tag)?.get(day);
	if (rows) for (const piece of hotPieces(rows)) pieces.push(piece);
	return pieces;
}

const longestGap = 600_000_000_000;
const mostRows = 8192;

/** Cut at gaps, so that one late sample among new ones does not make a whole day overlap. */
function* hotPieces(rows: DayRows): Generator<Piece> {
	const { offsets } = rows;
	for (let from = 0; from < offsets.length; ) {
		let until = from + 1;
		while (
			until < offsets.length &&
			until - from < mostRows &&
			(offsets[until] as number) - (offsets[until - 1] as number) < longestGap
		)
			until++;
		const piece = sliceRows(rows, from, until);
		yield {
			least: offsets[from] as number,
			greatest: offsets[until - 1] as number,
			rows: until - from,
			own: true,
			read: () => piece,
		};
		from = until;
	}
}

/** Groups whose times overlap or touch; within a group in order of arrival. */
function clustersOf(pieces: readonly Piece[]): Piece[][] {
	if (pieces.length <= 1) return pieces.length === 0 ? [] : [[...pieces]];
	const arrival = new Map(pieces.map((piece, i) => [piece, i]));
	const clusters: Piece[][] = [];
	let greatest = Number.NEGATIVE_INFINITY;
	for (const piece of pieces.toSorted((a, b) => a.least - b.least)) {
		if (piece.least <= greatest) clusters.at(-1)?.push(piece);
		else clusters.push([piece]);
		greatest = Math.max(greatest, piece.greatest);
	}
	for (const cluster of clusters) cluster.sort((a, b) => (arrival.get(a) as number) - (arrival.get(b) as number));
	return clusters;
}
