import type { SeriesDay } from "@millwright/core";
import type { StorageForecast } from "../api.ts";

const dayMs = 86_400_000;
/** Older days say little of what comes. */
const daysLookedAt = 60;
/** Fewer days give no spread worth stating. */
const fewestForSpread = 7;

/** When the history will have filled its budget or the disk, from what the days so far cost. Pure. */
export function forecastOf(about: {
	nowMs: number;
	days: readonly SeriesDay[];
	usedBytes: number;
	budgetBytes: number | null;
	freeBytes: number | undefined;
	/** Bytes of a sample in its cold form; days still hot will shrink to it. */
	coldBytesPerSample: number | undefined;
	/** Longest time anything is kept, ms; null when something is kept for ever. */
	longestKeepMs: number | null;
}): StorageForecast {
	const { nowMs, usedBytes, budgetBytes, freeBytes } = about;
	const onDisk = freeBytes === undefined ? undefined : usedBytes + freeBytes;
	const limit = budgetBytes !== null && (onDisk === undefined || budgetBytes <= onDisk) ? "budget" : "disk";
	const limitBytes = Math.max(0, Math.round((limit === "budget" ? budgetBytes : onDisk) ?? 0));
	const costs = dailyCosts(about);
	const base = { limit, limitBytes, usedBytes, steady: false } as const;
	if (costs.length === 0) return { ...base, bytesPerDay: 0, wholeDays: 0 };
	const bytesPerDay = costs.reduce((a, b) => a + b, 0) / costs.length;
	const known = { ...base, bytesPerDay, wholeDays: costs.length };
	if (about.longestKeepMs !== null && bytesPerDay * (about.longestKeepMs / dayMs) <= limitBytes)
		return { ...known, steady: true };
	if (bytesPerDay <= 0 || limitBytes === 0) return known;
	const left = Math.max(0, limitBytes - usedBytes);
	const middle = left / bytesPerDay;
	const sorted = [...costs].sort((a, b) => a - b);
	const share = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] as number;
	const spread = sorted.length >= fewestForSpread && share(0.1) > 0 ? { least: left / share(0.9), most: left / share(0.1) } : {};
	const fullAt = nowMs + middle * dayMs;
	return { ...known, days: { middle, ...spread }, ...(fullAt < 8e15 ? { fullAt: Math.round(fullAt) } : {}) };
}

/** Whole days if there are any: neither the first, which began somewhere, nor today. */
function dailyCosts({
	nowMs,
	days,
	coldBytesPerSample,
}: {
	nowMs: number;
	days: readonly SeriesDay[];
	coldBytesPerSample: number | undefined;
}): number[] {
	const today = Math.floor(nowMs / dayMs) * dayMs;
	const byDay = new Map<number, number>();
	for (const { day, rows, bytes, tier } of days) {
		// What was brought in from elsewhere does not come every day.
		if (tier === "brought") continue;
		const at = Number(day / 1_000_000n);
		const cost = tier === "hot" && coldBytesPerSample !== undefined ? Math.min(bytes, rows * coldBytesPerSample) : bytes;
		byDay.set(at, (byDay.get(at) ?? 0) + cost);
	}
	const all = [...byDay].sort(([a], [b]) => a - b);
	const whole = all.slice(1).filter(([day]) => day < today && day >= today - daysLookedAt * dayMs);
	return whole.map(([, bytes]) => bytes);
}
