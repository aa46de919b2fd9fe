import type { Buckets } from "@millwright/core";
import type { TagCompleteness } from "../api.ts";

const mostGaps = 20;

/** Buckets of one tag to shares of time with a good value. Times are ms; `bucketMs` divides neither end of the span. Pure. */
export function coverageOf(
	found: Buckets | undefined,
	{ from, until, bucketMs }: { from: number; until: number; bucketMs: number },
): Omit<TagCompleteness, "tag"> {
	const firstStart = Math.floor(from / bucketMs) * bucketMs;
	const count = Math.ceil((until - firstStart) / bucketMs);
	const strip = new Array<number>(count).fill(0);
	let samples = 0;
	let good = 0;
	let coveredMs = 0;
	for (let i = 0; i < (found?.starts.length ?? 0); i++) {
		const start = Number((found as Buckets).starts[i] as bigint) / 1e6;
		const at = Math.round((start - firstStart) / bucketMs);
		const known = (found?.columns.goodDuration?.[i] ?? 0) / 1e6;
		const length = Math.min(until, start + bucketMs) - Math.max(from, start);
		if (at >= 0 && at < count && length > 0) strip[at] = Math.min(1, known / length);
		coveredMs += Number.isNaN(known) ? 0 : known;
		samples += zeroIfNone(found?.columns.count?.[i]);
		good += zeroIfNone(found?.columns.countGood?.[i]);
	}
	return {
		samples,
		good,
		covered: Math.min(1, coveredMs / (until - from)),
		strip: strip.map((share) => Math.round((Number.isNaN(share) ? 0 : share) * 1000) / 1000),
		gaps: gapsIn(strip, { from, until, bucketMs, firstStart }),
	};
}

const zeroIfNone = (value: number | undefined): number => (value === undefined || Number.isNaN(value) ? 0 : value);

/** Neighbouring buckets not wholly covered, as one span; the first and last are cut where the question begins and ends. */
function gapsIn(
	strip: readonly number[],
	{ from, until, bucketMs, firstStart }: { from: number; until: number; bucketMs: number; firstStart: number },
): { from: number; until: number }[] {
	const gaps: { from: number; until: number; lost: number }[] = [];
	for (let at = 0; at < strip.length; at++) {
		const share = strip[at] as number;
		// A bucket that lacks less than a thousandth is one whose ends do not fall on samples.
		if (share >= 0.999) continue;
		const start = Math.max(from, firstStart + at * bucketMs);
		const end = Math.min(until, firstStart + (at + 1) * bucketMs);
		const last = gaps.at(-1);
		if (last && last.until === start) {
			last.until = end;
			last.lost += (1 - share) * (end - start);
		} else gaps.push({ from: start, until: end, lost: (1 - share) * (end - start) });
	}
	return gaps
		.sort((a, b) => b.lost - a.lost)
		.slice(0, mostGaps)
		.map(({ from: start, until: end }) => ({ from: start, until: end }));
}
