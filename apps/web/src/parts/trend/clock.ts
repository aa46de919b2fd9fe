import { durationMs } from "@millwright/core";

const day = 86_400_000;

/** The windows offered, in the order offered. */
export const windows = ["15min", "1h", "8h", "1d", "7d", "30d", "90d", "1y", "5y"] as const;
export const usualWindow = "1h";

const years = /^(\d+)y$/;
/** A year as people mean it on a chart. */
const yearMs = 365.25 * day;
const shortest = 1000;
const longest = 20 * yearMs;

/** The length of a window in ms; undefined where the text is none. */
export function windowMs(text: string): number | undefined {
	const match = years.exec(text);
	const ms = match ? Number(match[1]) * yearMs : durationMs(text);
	return ms !== undefined && ms >= shortest && ms <= longest ? ms : undefined;
}

/** The one time range all charts of a page obey: following the present, or standing still. */
export type Clock = { live: true; window: string; lengthMs: number } | { live: false; from: number; until: number };

export function clockFrom(search: { range?: string | undefined; from?: number | undefined; until?: number | undefined }): Clock {
	if (search.from !== undefined && search.until !== undefined && search.until > search.from)
		return { live: false, from: search.from, until: search.until };
	const given = search.range === undefined ? undefined : windowMs(search.range);
	return given === undefined
		? { live: true, window: usualWindow, lengthMs: windowMs(usualWindow) as number }
		: { live: true, window: search.range as string, lengthMs: given };
}

/** Both ends as of now. */
export function endsOf(clock: Clock, now: number): { from: number; until: number } {
	return clock.live ? { from: now - clock.lengthMs, until: now } : clock;
}

/** Moves a window by a share of its length; one that reaches the present stays there. */
export function moved({ from, until }: { from: number; until: number }, share: number): { from: number; until: number } {
	const by = (until - from) * share;
	return { from: Math.round(from + by), until: Math.round(until + by) };
}

/** Narrows or widens a window around a point of it (0 left, 1 right). */
export function zoomed(
	{ from, until }: { from: number; until: number },
	factor: number,
	around = 0.5,
): { from: number; until: number } {
	const length = Math.max(shortest, Math.min(longest, (until - from) * factor));
	const at = from + (until - from) * around;
	return { from: Math.round(at - length * around), until: Math.round(at + length * (1 - around)) };
}
