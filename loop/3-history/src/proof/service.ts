import { type Call, type Clock, isoFromNanos, MillwrightError, nanosFromMs, type SeriesEngine } from "@millwright/core";
import type { History, TagCompleteness } from "../api.ts";
import { rangeFrom } from "../ranges.ts";
import type { Tags } from "../tags.ts";
import { coverageOf } from "./coverage.ts";
import { integrityOf } from "./integrity.ts";
import { statementOf } from "./statement.ts";

const mostTags = 200;
const statementBuckets = 500;

/** What an auditor asks: is anything missing, and how well was this known then? */
export function createProof({
	engine,
	tags,
	duplicate,
	clock,
}: {
	engine: SeriesEngine;
	tags: Tags;
	duplicate(connection: string): number;
	clock: Clock;
}): Pick<History, "integrity" | "completeness" | "statement"> {
	async function coverage(
		asked: readonly { name: string; id: number }[],
		{ from, until, buckets }: { from: number; until: number; buckets: number },
		call?: Call,
	): Promise<{ bucketMs: number; tags: TagCompleteness[] }> {
		const range = rangeFrom({ from, until });
		const bucketMs = Math.max(1, Math.ceil((until - from) / buckets));
		const found = await engine.aggregate({
			tags: asked.map(({ id }) => id),
			range,
			bucket: nanosFromMs(bucketMs),
			functions: ["count", "countGood", "goodDuration"],
			signal: call?.signal,
		});
		return {
			bucketMs,
			tags: asked.map(({ name, id }) => ({ tag: name, ...coverageOf(found.get(id), { from, until, bucketMs }) })),
		};
	}

	/** What lies ahead is not a gap yet. */
	function untilNow(from: number, until: number): number {
		const end = Math.min(until, clock.nowMs());
		if (end > from) return end;
		throw new MillwrightError("history.range-ahead", "That time has not begun yet", { kind: "input", place: "from" });
	}

	function askedFor({ tags: names, path }: { tags: string[]; path?: string | undefined }, call?: Call) {
		const all = [...tags.idsOf(names, call), ...(path === undefined ? [] : tags.below(path, call))];
		const asked = [...new Map(all.map((one) => [one.id, one])).values()];
		return { asked: asked.slice(0, mostTags), total: asked.length };
	}

	return {
		async integrity() {
			return { at: clock.nowMs(), connections: integrityOf(engine, duplicate) };
		},
		async completeness({ from, until, buckets, ...which }, call) {
			const { asked, total } = askedFor(which, call);
			return { ...(await coverage(asked, { from, until: untilNow(from, until), buckets }, call)), total };
		},
		async statement({ from, until, ...which }, call) {
			const { asked, total } = askedFor(which, call);
			if (total > asked.length)
				throw new MillwrightError("history.statement-too-large", `${total} tags are more than one statement holds`, {
					kind: "input",
					hint: `Ask for ${mostTags} tags at a time, by a longer path.`,
					place: "path",
				});
			const end = untilNow(from, until);
			const known = await coverage(asked, { from, until: end, buckets: statementBuckets }, call);
			const text = statementOf({
				at: clock.nowMs(),
				by: call?.principal.name ?? "Millwright",
				from,
				until: end,
				...known,
				connections: integrityOf(engine, duplicate),
			});
			return {
				fileName: `statement ${isoFromNanos(nanosFromMs(from), 0)} to ${isoFromNanos(nanosFromMs(end), 0)}.csv`.replaceAll(
					":",
					"",
				),
				mediaType: "text/csv; charset=utf-8",
				body: Buffer.from(text),
			};
		},
	};
}
