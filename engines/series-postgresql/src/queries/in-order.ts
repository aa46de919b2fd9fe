import type { BroughtRows, InOrderPlace, TimeRange } from "@millwright/core";
import { MillwrightError } from "@millwright/core";
import { doubleAt, int16At, int32At, int64At, textAt } from "../copy-format.ts";
import { bigintSql } from "../dial.ts";
import type { Ask } from "../readers.ts";
import { givenText } from "../stored-text.ts";
import { rowsOf } from "./source.ts";
import { widening } from "./widening.ts";

/** Of one tag at one time, how many are behind us: packing changes arrivals, not their order. */
interface Place {
	time: bigint;
	tag: number;
	seen: number;
}

function readPlace(place: InOrderPlace): Place {
	const [time, tag, seen, ...more] = place.split(":");
	if (
		more.length > 0 ||
		!time ||
		!/^-?\d{1,19}$/.test(time) ||
		!tag ||
		!/^\d{1,10}$/.test(tag) ||
		!seen ||
		!/^\d{1,15}$/.test(seen)
	)
		throw new MillwrightError("series.place-invalid", "That is no place where a page ended", {
			kind: "input",
			hint: "Hand back what the page before gave as next.",
		});
	return { time: BigInt(time), tag: Number(tag), seen: Number(seen) };
}

/** Source time, then tag, then arrival. */
export async function askInOrder(
	ask: Ask,
	{ tags, range, limit, after }: { tags: readonly number[]; range: TimeRange; limit: number; after?: InOrderPlace },
): Promise<{ rows: BroughtRows; next: InOrderPlace | undefined }> {
	const place = after === undefined ? undefined : readPlace(after);
	const from = place && place.time > range.from ? place.time : range.from;
	// Tag ids are unsigned and their order is too.
	const unsigned = "(tag::bigint & 4294967295)";
	const behind = place
		? `WHERE time > ${bigintSql(place.time)} OR (time = ${bigintSql(place.time)} AND ${unsigned} >= ${place.tag})`
		: "";
	const skip = place?.seen ?? 0;
	let times: bigint[] = [];
	let found: number[] = [];
	let values: number[] = [];
	let quality: number[] = [];
	let texts = new Map<number, string>();
	const most = Math.max(0, Math.trunc(limit));
	for await (const part of widening(ask, { tags, range: { from, until: range.until } })) {
		[times, found, values, quality, texts] = [[], [], [], [], new Map()];
		await ask(
			`SELECT tag, time, value, quality, text FROM (SELECT * FROM ${rowsOf(tags, part)} r ${behind}) r
			ORDER BY time, ${unsigned}, arrival LIMIT ${most + 1} OFFSET ${skip}`,
			5,
			(fields) => {
				const said = textAt(fields, 4);
				if (said !== undefined) texts.set(times.length, givenText(said));
				found.push(int32At(fields, 0) >>> 0);
				times.push(int64At(fields, 1));
				values.push(doubleAt(fields, 2));
				quality.push(int16At(fields, 3));
			},
		);
		if (times.length > most) break;
	}
	const isMore = times.length > most;
	const count = Math.min(times.length, most);
	texts.delete(most);
	const rows: BroughtRows = {
		tags: Uint32Array.from(found.slice(0, count)),
		times: BigInt64Array.from(times.slice(0, count)),
		values: Float64Array.from(values.slice(0, count)),
		quality: Uint8Array.from(quality.slice(0, count)),
		...(texts.size > 0 ? { texts } : {}),
	};
	if (!isMore || count === 0) return { rows, next: undefined };
	const time = times[count - 1] as bigint;
	const tag = found[count - 1] as number;
	let seen = 0;
	for (let i = count - 1; i >= 0 && times[i] === time && found[i] === tag; i--) seen++;
	if (place && place.time === time && place.tag === tag && seen === count) seen += place.seen;
	return { rows, next: `${time}:${tag}:${seen}` };
}
