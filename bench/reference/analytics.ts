import type { Session } from "../../test/kit/platform.ts";

/** Questions of an analyst, one after the other without a pause, until told to stop: trends, aggregates, exports of a minute. */
export function startAnalytics(
	session: Session,
	tags: readonly string[],
): { stop(): Promise<{ questions: number; worstMs: number }> } {
	let running = true;
	let questions = 0;
	let worstMs = 0;
	const some = (count: number): string[] =>
		Array.from({ length: count }, (_, i) => tags[(questions * 7 + i * 13) % tags.length] as string);
	const distinct = (count: number): string[] => [...new Set(some(count))];
	const ask = async (question: () => Promise<unknown>): Promise<void> => {
		const began = performance.now();
		await question();
		worstMs = Math.max(worstMs, performance.now() - began);
		questions++;
	};
	const loop = (async () => {
		while (running) {
			const until = Date.now();
			await ask(() => session.history.trend({ tags: distinct(6), from: until - 3_600_000, until, points: 1500 }));
			await ask(() => session.history.aggregate({ tags: distinct(50), from: until - 3_600_000, until, bucket: "1min" }));
			await ask(() =>
				session.history.aggregate({
					tags: distinct(20),
					from: until - 900_000,
					until,
					bucket: "10s",
					functions: ["timeWeightedMean", "stddev", "goodDuration"],
				}),
			);
			await ask(() => session.history.raw({ tag: distinct(1)[0] as string, from: until - 600_000, until, limit: 10_000 }));
		}
	})();
	return {
		async stop() {
			running = false;
			await loop;
			return { questions, worstMs };
		},
	};
}
