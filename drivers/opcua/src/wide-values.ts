/** Integers and times of OPC UA that are wider than JavaScript's own. Pure. */
import { isoFromNanos, type Nanos, nanosFromIso } from "@millwright/core";

/** 64-bit integers arrive as high and low half. */
export function wide(halves: readonly [high: number, low: number], signed: boolean): bigint {
	const value = (BigInt(halves[0] >>> 0) << 32n) | BigInt(halves[1] >>> 0);
	return signed ? BigInt.asIntN(64, value) : value;
}

export function halvesOf(whole: bigint): [high: number, low: number] {
	const bits = BigInt.asUintN(64, whole);
	return [Number(bits >> 32n), Number(bits & 0xffff_ffffn)];
}

/** Earliest and latest of OPC UA mean "none" and "for ever". Source: OPC UA Part 6 §5.2.2.5. */
const earliestMs = Date.UTC(1601, 0, 1);
const latestMs = Date.UTC(9999, 11, 31, 23, 59, 59);

/** A value's Date carries what is below its milliseconds beside it. */
type PreciseDate = Date & { picoseconds?: number };

/** ISO 8601 with all the digits that came, at least three; null where no time is meant. */
export function textOfDate(date: PreciseDate): string | null {
	const ms = date.getTime();
	if (!Number.isFinite(ms) || ms <= earliestMs) return null;
	if (ms >= latestMs) return "9999-12-31T23:59:59.000Z";
	return isoFromNanos(BigInt(ms) * 1_000_000n + BigInt(Math.floor((date.picoseconds ?? 0) / 1000)));
}

/** Undefined where the text is no time with a zone, or finer than the 100 ns that travel. */
export function dateOfText(text: string): Date | undefined {
	const time: Nanos | undefined = nanosFromIso(text);
	if (time === undefined || time % 100n !== 0n) return undefined;
	const below = ((time % 1_000_000n) + 1_000_000n) % 1_000_000n;
	const date: PreciseDate = new Date(Number((time - below) / 1_000_000n));
	if (below > 0n) date.picoseconds = Number(below) * 1000;
	return date;
}
