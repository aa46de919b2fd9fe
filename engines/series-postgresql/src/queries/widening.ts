import type { TimeRange } from "@millwright/core";
import { int64At } from "../copy-format.ts";
import { bigintSql } from "../dial.ts";
import { dayNanos } from "../partitions.ts";
import type { Ask } from "../readers.ts";

const hour = 3_600_000_000_000n;
const growth = 8n;

/**
 * Parts of a range, each holding the one before, from the end where rows are wanted first: who wants few rows does not pay
 * for years. The last one is all that holds rows.
 */
export async function* widening(
	ask: Ask,
	{ tags, range, fromEnd = false }: { tags: readonly number[]; range: TimeRange; fromEnd?: boolean },
): AsyncIterable<TimeRange> {
	const held = await askExtent(ask, tags, range);
	if (!held) return;
	const { from, until } = held;
	for (let width = hour; width < until - from; width *= growth)
		yield fromEnd ? { from: until - width, until } : { from, until: from + width };
	yield held;
}

/** No row of these tags within the range lies outside the answer; by index, without looking at rows. */
async function askExtent(ask: Ask, tags: readonly number[], range: TimeRange): Promise<TimeRange | undefined> {
	const begin = bigintSql(range.from);
	const end = bigintSql(range.until);
	// A packed row spans a day at most, so none begins a day or more before the first one that ends.
	const ends = (order: "ASC" | "DESC") =>
		`SELECT last_time FROM packed p WHERE p.tag = w.tag AND last_time >= ${begin} ORDER BY last_time ${order} LIMIT 1`;
	const lies = (order: "ASC" | "DESC") =>
		`SELECT time FROM sample s WHERE s.tag = w.tag AND time >= ${begin} AND time < ${end} ORDER BY time ${order} LIMIT 1`;
	const firsts: bigint[] = [];
	const lasts: bigint[] = [];
	await ask(
		`SELECT min((${lies("ASC")})), max((${lies("DESC")})), min((${ends("ASC")})), max((${ends("DESC")}))
		FROM unnest('{${tags.map((tag) => Math.trunc(tag) | 0).join(",")}}'::integer[]) AS w (tag)`,
		4,
		(fields) => {
			const [first, last, firstEnd, lastEnd] = [0, 1, 2, 3].map((i) =>
				fields.lengths[i] === -1 ? undefined : int64At(fields, i),
			);
			if (first !== undefined && last !== undefined) {
				firsts.push(first);
				lasts.push(last);
			}
			if (firstEnd !== undefined && lastEnd !== undefined) {
				firsts.push(firstEnd - dayNanos);
				lasts.push(lastEnd);
			}
		},
	);
	const from = later(firsts.reduce(earlier, range.until), range.from);
	const until = earlier(lasts.reduce(later, range.from) + 1n, range.until);
	return firsts.length > 0 && from < until ? { from, until } : undefined;
}

function earlier(a: bigint, b: bigint): bigint {
	if (a < b) return a;
	return b;
}

function later(a: bigint, b: bigint): bigint {
	if (a > b) return a;
	return b;
}
