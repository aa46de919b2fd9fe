import type { BucketsAnswer, LastAnswer, Query } from "../protocol.ts";
import { rowsOf } from "../tiers/walk.ts";
import { askBefore } from "./before.ts";
import { createBuckets, overTime } from "./buckets.ts";
import { type Asking, eachTag } from "./question.ts";

/** Buckets aligned to 1970; functions over time see the value that held when the range began. */
export async function askAggregate(asking: Asking, query: Extract<Query, { kind: "aggregate" }>): Promise<BucketsAnswer[]> {
	const functions = [...new Set(query.functions)];
	const carried = new Map<number, LastAnswer>();
	if (functions.some((name) => overTime.has(name)))
		for (const last of await askBefore(asking, { kind: "before", tags: query.tags, time: query.from }))
			carried.set(last.tag, last);
	const answers: BucketsAnswer[] = [];
	await eachTag(asking, query, async (source, tag, breathe) => {
		const buckets = createBuckets({ ...query, tag, functions, carried: carried.get(tag) });
		for (const rows of rowsOf(source, tag, query.from, query.until)) {
			buckets.add(rows);
			await breathe();
		}
		answers.push(buckets.take());
	});
	return answers;
}
