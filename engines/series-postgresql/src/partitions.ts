import type { Nanos } from "@millwright/core";

/** A stretch of time with a table of its own; `low` inclusive, `high` exclusive. */
export interface Partition {
	name: string;
	low: Nanos;
	high: Nanos;
}

export const dayNanos = 86_400_000_000_000n;
const farthest = 2n ** 63n - 1n;
const earliest = -(2n ** 63n);
const dayOfEarliest = earliest - (((earliest % dayNanos) + dayNanos) % dayNanos);

const clamp = (time: Nanos): Nanos => (time < earliest ? earliest : time > farthest ? farthest : time);

/** Midnight UTC at or before a time, also before 1970; the beginning of time on its first day. */
export const dayOf = (time: Nanos): Nanos => clamp(time - (((time % dayNanos) + dayNanos) % dayNanos));
/** Where the day that begins so ends. */
export const endOfDay = (day: Nanos): Nanos => clamp(dayOf(day) === earliest ? dayOfEarliest + dayNanos : day + dayNanos);
/** The same in SQL. */
export const dayOfSql = (column: string): string =>
	`CASE WHEN ${column} < '${dayOfEarliest + dayNanos}'::bigint THEN '${earliest}'::bigint ELSE ${column} - (((${column} % ${dayNanos}) + ${dayNanos}) % ${dayNanos}) END`;
const nanosOf = (ms: number): Nanos => clamp(BigInt(ms) * 1_000_000n);

/**
 * A day near now has a table of its own, so that it can be closed and dropped; far away a month or a year shares one, so that
 * a clock gone wild makes few tables, not thousands. Stretches that exist already are never overlapped.
 */
export function partitionFor(time: Nanos, now: Nanos, existing: readonly Partition[]): Partition {
	const days = (time > now ? time - now : now - time) / dayNanos;
	const kinds =
		days <= 100n
			? [dayAround, monthAround, yearAround]
			: days <= 1500n
				? [monthAround, dayAround]
				: [yearAround, monthAround, dayAround];
	for (const around of kinds) {
		const wanted = around(time);
		if (!existing.some(({ low, high }) => low < wanted.high && wanted.low < high)) return wanted;
	}
	return dayAround(time);
}

function dayAround(time: Nanos): Partition {
	const low = dayOf(time);
	return { name: `sample_d${labelOf(Number(low / 1_000_000n), 10)}`, low, high: endOfDay(low) };
}

function monthAround(time: Nanos): Partition {
	const date = new Date(Number(dayOf(time) / 1_000_000n));
	const low = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
	return {
		name: `sample_m${labelOf(low, 7)}`,
		low: nanosOf(low),
		high: nanosOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)),
	};
}

function yearAround(time: Nanos): Partition {
	const year = new Date(Number(dayOf(time) / 1_000_000n)).getUTCFullYear();
	return { name: `sample_y${year}`, low: nanosOf(Date.UTC(year, 0, 1)), high: nanosOf(Date.UTC(year + 1, 0, 1)) };
}

const labelOf = (ms: number, characters: number): string => new Date(ms).toISOString().slice(0, characters).replaceAll("-", "");

/** The stretch a time lies in; the very last nanosecond belongs to the last one. */
export const partitionOf = (time: Nanos, existing: readonly Partition[]): Partition | undefined =>
	existing.find(({ low, high }) => time >= low && (time < high || high === farthest));

/** As a bound in SQL; the ends of all time are open. */
export const boundOf = (time: Nanos): string => (time === earliest ? "MINVALUE" : time === farthest ? "MAXVALUE" : `'${time}'`);
