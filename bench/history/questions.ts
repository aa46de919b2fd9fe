import { begin, day, tagCount } from "./plant.ts";
import type { System } from "./system.ts";

/** Answers of each kind, ms: the first after loading, and the median of those with other parameters each time. */
export type Times = Record<
	"dayAtMinute" | "monthAtHourFiftyTags" | "rawHour" | "lastFiveHundred",
	{ first: number; median: number }
>;

export const asked = { dayAtMinute: 31, monthAtHourFiftyTags: 9, rawHour: 61, lastFiveHundred: 31 };

/** No question is asked twice, so that nobody answers from what the question before left in its own memory. */
export async function askAll(system: System, days: number): Promise<Times> {
	const tagOf = (i: number) => 1 + ((i * 137) % tagCount);
	const dayOf = (i: number) => begin + BigInt((i * 11) % (days - 1)) * day;
	const hour = day / 24n;
	return {
		dayAtMinute: await timed(asked.dayAtMinute, 1440, (i) => system.dayAtMinute(tagOf(i), dayOf(i))),
		monthAtHourFiftyTags: await timed(asked.monthAtHourFiftyTags, 50 * 24 * Math.min(30, days), (i) =>
			system.monthAtHour(
				Array.from({ length: 50 }, (_, k) => 1 + ((k * 10 + i) % tagCount)),
				begin + BigInt(days > 30 ? i % (days - 30) : 0) * day,
			),
		),
		rawHour: await timed(asked.rawHour, 60, (i) => system.rawHour(tagOf(i + 31), dayOf(i) + BigInt((i * 7) % 24) * hour)),
		lastFiveHundred: await timed(asked.lastFiveHundred, tagCount, () => system.lastOfAll()),
	};
}

async function timed(
	times: number,
	rows: number,
	ask: (i: number) => Promise<number>,
): Promise<{ first: number; median: number }> {
	const took: number[] = [];
	for (let i = 0; i < times; i++) {
		const began = performance.now();
		const found = await ask(i);
		took.push(performance.now() - began);
		// A wrong answer is not a quick one. The first and last bucket of a range may lack a poll.
		if (Math.abs(found - rows) > rows * 0.05) throw new Error(`${found} rows instead of ${rows}`);
	}
	const [first, ...others] = took as [number, ...number[]];
	return { first, median: others.toSorted((a, b) => a - b)[others.length >> 1] as number };
}
