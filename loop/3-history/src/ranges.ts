import { MillwrightError, nanosFromMs, type TimeRange } from "@millwright/core";

/** int64 nanoseconds reach from 1677 to 2262. */
const farthestMs = 9_223_372_036_000;

/** ms as people and screens say it, to the engine's range. */
export function rangeFrom({ from, until }: { from: number; until: number }): TimeRange {
	for (const [place, ms] of Object.entries({ from, until }))
		if (!Number.isFinite(ms) || Math.abs(ms) > farthestMs)
			throw new MillwrightError("history.time-invalid", `"${place}" is not a time between 1677 and 2262`, {
				kind: "input",
				hint: "Times are ms since 1970, UTC.",
				place,
			});
	if (until <= from)
		throw new MillwrightError("history.range-empty", "The range ends before it begins", {
			kind: "input",
			hint: "`until` is exclusive and must lie after `from`; both are ms since 1970, UTC.",
			place: "until",
		});
	return { from: nanosFromMs(from), until: nanosFromMs(until) };
}

const perWord = 2 ** 32;

/** ns to ms since 1970 with µs in the fraction, without a bigint a row: remainders of doubles are exact. */
export function msColumn(times: BigInt64Array): number[] {
	const halves = new Int32Array(times.buffer, times.byteOffset, times.length * 2);
	const out = new Array<number>(times.length);
	for (let i = 0; i < times.length; i++) {
		const high = (halves[i * 2 + 1] as number) * perWord;
		const rest = high % 1e6;
		const low = (halves[i * 2] as number) >>> 0;
		out[i] = Math.round(((high - rest) / 1e6 + (rest + low) / 1e6) * 1000) / 1000;
	}
	return out;
}
