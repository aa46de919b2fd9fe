import { expect, test } from "vitest";
import { createReplay, type ReplayPage } from "./replay.ts";

/** A sample a second of two tags in turn, so many a page. */
function plant(count: number, pageSize: number) {
	const asked: (string | undefined)[] = [];
	const ask = async (after: string | undefined): Promise<ReplayPage> => {
		asked.push(after);
		const start = Number(after ?? 0);
		const rows = Array.from({ length: Math.min(pageSize, count - start) }, (_, row) => start + row);
		return {
			tag: rows.map((row) => row % 2),
			times: rows.map((row) => row * 1000),
			values: rows,
			quality: rows.map(() => 0),
			...(start + pageSize < count ? { next: String(start + pageSize) } : {}),
		};
	};
	return { ask, asked };
}

test("every sample is played once, in order, over all pages, whatever the pace", async () => {
	for (const pace of [100, 1000, 7321, 1_000_000]) {
		const { ask, asked } = plant(2500, 600);
		const replay = createReplay({ tags: ["a", "b"], from: 0, until: 2_500_000, ask });
		const last = new Map<string, number>();
		for (let steps = 0, state = ""; state !== "ended" && steps < 40_000; steps++) {
			const played = replay.step(pace);
			for (const [tag, { at, value }] of played.changed) {
				expect(at).toBeLessThanOrEqual(played.at);
				expect(value).toBe(at / 1000);
				expect(at).toBeGreaterThan(last.get(tag) ?? -1);
				last.set(tag, at);
			}
			state = played.state;
			await replay.settled();
		}
		expect(Object.fromEntries(last)).toEqual({ a: 2_498_000, b: 2_499_000 });
		expect(asked).toEqual([undefined, "600", "1200", "1800", "2400"]);
	}
});

test("time stands still until the first page is there, and does not run past what is known", async () => {
	const { ask } = plant(1000, 600);
	const replay = createReplay({ tags: ["a", "b"], from: 0, until: 1_000_000, ask });
	expect(replay.step(5000)).toMatchObject({ at: 0, state: "waiting" });
	await replay.settled();
	expect(replay.step(5000)).toMatchObject({ at: 5000, state: "playing" });
	expect(replay.step(900_000)).toMatchObject({ at: 599_000, state: "waiting" });
});

test("a question that fails is told to who plays", async () => {
	const replay = createReplay({ tags: ["a"], from: 0, until: 1000, ask: () => Promise.reject(new Error("the server is away")) });
	replay.step(100);
	await replay.settled();
	expect(() => replay.step(100)).toThrow("the server is away");
});
