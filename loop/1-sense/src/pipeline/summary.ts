import { isBad, isGood, Quality } from "@millwright/core";
import { nanosOfMs, type Passing, type RowSink, type TagCounts } from "./stage.ts";

/** Ids of `<tag>` (the mean), `<tag>.min`, `.max`, `.stddev` and `.count`. */
export interface SummaryTags {
	mean: number;
	min: number;
	max: number;
	stddev: number;
	count: number;
}

/** Names of what a summary adds beside the mean, in the order of `SummaryTags`. */
export const summarySuffixes = ["min", "max", "stddev", "count"] as const;

/** Longest a closed window waits for rows still on their way, ms. */
const longestGrace = 2000;

/**
 * Statistics of the usable values per window [start, start + window), windows beginning at multiples since 1970; rows bear
 * the window's end as their time. Sample standard deviation (n − 1), 0 for a single value. A window in which not every value was good
 * says uncertain:derived. Times quality turns, the row itself is passed on at once.
 */
export function passSummary(tags: SummaryTags, { window }: { window: number }, counts: TagCounts): Passing {
	const width = Math.max(1, window);
	const grace = Math.min(width, longestGrace);
	let open = Number.NaN;
	let closed = Number.NEGATIVE_INFINITY;
	let n = 0;
	let mean = 0;
	let squares = 0;
	let min = Number.POSITIVE_INFINITY;
	let max = Number.NEGATIVE_INFINITY;
	let doubtful = false;
	/** The source's clock may be off: its newest time, and when `flush` first saw that. */
	let newestMs = Number.NaN;
	let noticedMs = Number.NaN;
	let noticedAt = 0;
	let quality: Quality = Quality.good;

	const close = (out: RowSink) => {
		if (n > 0) {
			const time = nanosOfMs((open + 1) * width);
			const trust = doubtful ? Quality.uncertainDerived : Quality.good;
			counts.made += 4;
			if (!isBad(quality)) {
				counts.made++;
				out.add(tags.mean, time, mean, trust);
			}
			out.add(tags.min, time, min, trust);
			out.add(tags.max, time, max, trust);
			out.add(tags.stddev, time, n > 1 ? Math.sqrt(squares / (n - 1)) : 0, trust);
			out.add(tags.count, time, n, trust);
		}
		n = 0;
		mean = 0;
		squares = 0;
		min = Number.POSITIVE_INFINITY;
		max = Number.NEGATIVE_INFINITY;
		doubtful = !isGood(quality);
		if (!Number.isNaN(open)) closed = open;
		open = Number.NaN;
	};
	return {
		row(time, ms, value, rowQuality, changed, out) {
			const at = Math.floor(ms / width);
			newestMs = ms;
			if (at > open) close(out);
			if (changed) out.add(tags.mean, time, value, rowQuality);
			else counts.filtered++;
			quality = rowQuality;
			if (!isGood(rowQuality)) doubtful = true;
			// A stale row repeats a value, and a window that is out cannot be mended.
			if (isBad(rowQuality) || rowQuality === Quality.uncertainStale || !Number.isFinite(value) || at < open || at <= closed)
				return;
			open = at;
			n++;
			const off = value - mean;
			mean += off / n;
			squares += off * (value - mean);
			if (value < min) min = value;
			if (value > max) max = value;
		},
		flush(nowMs, out, end) {
			if (newestMs !== noticedMs) {
				noticedMs = newestMs;
				noticedAt = nowMs;
			}
			if (end || noticedMs + (nowMs - noticedAt) >= (open + 1) * width + grace) close(out);
		},
	};
}
