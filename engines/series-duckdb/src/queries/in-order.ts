import { type BroughtRows, MillwrightError } from "@millwright/core";
import type { Query } from "../protocol.ts";
import { rowsOf } from "../tiers/walk.ts";
import { type Asking, eachTag } from "./question.ts";
import { writeTimes } from "./rows.ts";

export interface InOrderAnswer {
	rows: Omit<BroughtRows, "texts"> & { texts: [row: number, text: string][] };
	next: string | undefined;
}

/** The last row handed out: its time, its tag, and which of that tag's rows at that time it was, from 0. */
interface Place {
	time: bigint;
	tag: number;
	number: number;
}

const writePlace = ({ time, tag, number }: Place): string => `${time}.${tag}.${number}`;

function readPlace(text: string): Place {
	const [, time, tag, number] = /^(-?\d{1,19})\.(\d{1,10})\.(\d{1,9})$/.exec(text) ?? [];
	if (time === undefined)
		throw new MillwrightError("series.place-invalid", `"${text.slice(0, 60)}" is no place where a page ended`, {
			kind: "input",
			hint: "Hand back what the page before gave as its next.",
		});
	return { time: BigInt(time), tag: Number(tag), number: Number(number) };
}

/** A window is never narrower: a second of a plant fits in memory. */
const shortest = 1_000_000_000n;

/** Windows of time, wider while they hold little, until a page is full. */
export async function askInOrder(asking: Asking, query: Extract<Query, { kind: "inOrder" }>): Promise<InOrderAnswer> {
	const { limit, until } = query;
	const tags = [...new Set(query.tags)].sort((a, b) => a - b);
	const after = query.after === undefined ? undefined : readPlace(query.after);
	const page = createPage();
	let from = after && after.time > query.from ? after.time : query.from;
	let width = firstWidth(asking, tags.length, limit);
	while (from < until && tags.length > 0) {
		const to = until - from > width ? from + width : until;
		const before = page.rows;
		const most = before + Math.max(50_000, limit * 4);
		const mark = page.mark();
		let tooWide = false;
		const begun = new Map<number, ReturnType<typeof page.mark>>();
		const range = { tags, from, until: to };
		await eachTag(asking, range, async (source, tag, breathe) => {
			if (tooWide) return;
			let skipped = 0;
			// A file that turns out to be damaged lets this tag begin again.
			page.backTo(begun.get(tag) ?? page.mark());
			begun.set(tag, page.mark());
			for (const rows of rowsOf(source, tag, from, to)) {
				let row = 0;
				if (after && from === after.time && tag <= after.tag)
					// Rows at the time of the place, up to the one it names, were handed out before.
					while (
						row < rows.offsets.length &&
						rows.day + BigInt(rows.offsets[row] as number) === after.time &&
						(tag < after.tag || skipped <= after.number)
					) {
						row++;
						skipped++;
					}
				page.add(tag, rows, row);
				tooWide = page.rows > most && to - from > shortest;
				if (tooWide) return;
				await breathe();
			}
		});
		if (tooWide) {
			page.backTo(mark);
			width = (to - from) / 8n > shortest ? (to - from) / 8n : shortest;
			continue;
		}
		if (page.rows >= limit) break;
		const found = page.rows - before;
		if (found * 4 < limit) width *= 4n;
		from = to;
	}
	return page.take(limit, after);
}

/** A window that holds about a page, by how many rows a day's files hold on average. */
function firstWidth({ store }: Asking, tags: number, limit: number): bigint {
	const { all } = store.segments;
	const days = new Set(all.map(({ day }) => day)).size;
	const known = new Set<number>();
	let rows = 0;
	for (const segment of all) {
		rows += segment.rows;
		known.add(segment.firstTag);
		known.add(segment.lastTag);
	}
	const span = Math.max(1, Math.max(0, ...known) - Math.min(...known, 0));
	const hot = store.hours.extent();
	const hotDays = hot ? Number(hot.until - hot.from) / 86_400e9 : 1;
	const perDay = (days === 0 ? 0 : (rows / days) * Math.min(1, tags / span)) + store.hours.rows / hotDays;
	const ns = perDay === 0 ? 3_600e9 : (limit / perDay) * 86_400e9;
	return BigInt(Math.floor(Math.min(Math.max(ns, Number(shortest)), 86_400e9)));
}

function createPage() {
	const runs: {
		tag: number;
		times: BigInt64Array;
		values: Float64Array;
		quality: Uint8Array;
		texts: ReadonlyMap<number, string> | undefined;
		from: number;
	}[] = [];
	let count = 0;
	return {
		get rows() {
			return count;
		},
		mark: () => ({ runs: runs.length, count }),
		backTo(mark: { runs: number; count: number }): void {
			runs.length = mark.runs;
			count = mark.count;
		},
		add(tag: number, rows: Parameters<typeof writeTimes>[0], from: number): void {
			if (from >= rows.offsets.length) return;
			const times = new BigInt64Array(rows.offsets.length);
			writeTimes(rows, times, 0);
			// Copies: a slice would keep a whole block in memory.
			runs.push({ tag, times, values: rows.values.slice(), quality: rows.quality.slice(), texts: rows.texts, from });
			count += times.length - from;
		},
		take(limit: number, after: Place | undefined): InOrderAnswer {
			const order: { run: number; row: number; time: bigint }[] = [];
			for (const [run, { times, from }] of runs.entries())
				for (let row = from; row < times.length; row++) order.push({ run, row, time: times[row] as bigint });
			// Runs were added by tag and time; sorting keeps what is equal in that order.
			const tagOf = (run: number) => (runs[run] as (typeof runs)[number]).tag;
			order.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : tagOf(a.run) - tagOf(b.run)));
			const length = Math.min(limit, order.length);
			const rows = {
				tags: new Uint32Array(length),
				times: new BigInt64Array(length),
				values: new Float64Array(length),
				quality: new Uint8Array(length),
				texts: [] as [number, string][],
			};
			for (let i = 0; i < length; i++) {
				const { run, row, time } = order[i] as (typeof order)[number];
				const { tag, values, quality, texts } = runs[run] as (typeof runs)[number];
				rows.tags[i] = tag;
				rows.times[i] = time;
				rows.values[i] = values[row] as number;
				rows.quality[i] = quality[row] as number;
				const text = texts?.get(row);
				if (text !== undefined) rows.texts.push([i, text]);
			}
			return { rows, next: length < limit || length === 0 ? undefined : writePlace(placeOf(rows, after)) };
		},
	};
}

function placeOf({ tags, times }: { tags: Uint32Array; times: BigInt64Array }, after: Place | undefined): Place {
	const end = tags.length - 1;
	const place = { time: times[end] as bigint, tag: tags[end] as number, number: 0 };
	for (let i = end - 1; i >= 0 && times[i] === place.time && tags[i] === place.tag; i--) place.number++;
	if (after && after.time === place.time && after.tag === place.tag) place.number += after.number + 1;
	return place;
}
