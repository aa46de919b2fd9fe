import { type AggregateName, aggregateNames } from "@millwright/core";
import { type Point, second, start } from "./kit.ts";

/** The same numbers by walking over every second. */
export function plainly(points: readonly Point[], asked: { from: number; until: number; bucket: number }) {
	const sorted = points
		.map((one, arrival) => ({ ...one, at: Number((one.time - start) / second), arrival }))
		.toSorted((a, b) => a.at - b.at || a.arrival - b.arrival);
	const isGood = (quality: number) => quality < 0x40;
	const starts: number[] = [];
	const columns = Object.fromEntries(aggregateNames.map((name) => [name, [] as (number | null)[]]));
	const phase = Number((start / second) % BigInt(asked.bucket));
	const firstBucket = Math.floor((asked.from + phase) / asked.bucket) * asked.bucket - phase;
	for (let begin = firstBucket; begin < asked.until; begin += asked.bucket) {
		const from = Math.max(begin, asked.from);
		const until = Math.min(begin + asked.bucket, asked.until);
		const inside = sorted.filter(({ at }) => at >= from && at < until);
		const good = inside.filter(({ quality }) => isGood(quality));
		const values = good.flatMap(({ value }) => (typeof value === "number" ? [value] : []));
		let goodSeconds = 0;
		let numberSeconds = 0;
		let integral = 0;
		for (let at = from; at < until; at++) {
			const holding = sorted.findLast((one) => one.at <= at);
			if (!holding || !isGood(holding.quality)) continue;
			goodSeconds++;
			if (typeof holding.value !== "number") continue;
			numberSeconds++;
			integral += holding.value;
		}
		if (inside.length === 0 && goodSeconds === 0) continue;
		starts.push(begin);
		const sum = values.reduce((total, value) => total + value, 0);
		const mean = values.length > 0 ? sum / values.length : null;
		const squares = values.reduce((total, value) => total + (value - (mean ?? 0)) ** 2, 0);
		const row: Record<AggregateName, number | null> = {
			count: inside.length,
			countGood: good.length,
			mean,
			timeWeightedMean: numberSeconds > 0 ? integral / numberSeconds : null,
			min: values.length > 0 ? Math.min(...values) : null,
			max: values.length > 0 ? Math.max(...values) : null,
			first: values[0] ?? null,
			last: values.at(-1) ?? null,
			sum: values.length > 0 ? sum : null,
			stddev: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null,
			goodDuration: goodSeconds * 1e9,
		};
		for (const name of aggregateNames) columns[name]?.push(row[name]);
	}
	return { starts, columns };
}
