import { expect, test } from "vitest";
import { numbers, point, range, type SeriesKit, second, seriesBatch, start } from "./kit.ts";

/** Figures, and what outlives a stop. */
export function lifeTests(series: SeriesKit): void {
	test("does not answer a question that was taken back", async () => {
		const tag = await series.store([point(1, 1)]);
		await expect(series.engine.raw({ tag, range, limit: 1, signal: AbortSignal.abort() })).rejects.toThrow();
	});

	test("counts rows and knows the oldest and newest", async () => {
		const before = await series.engine.figures();
		await series.store([point(1, 1), { time: start + 9000n * 86_400n * second, value: 1, quality: 0 }]);
		const after = await series.engine.figures();
		expect(after.rows - before.rows).toBe(2);
		expect(after.newest).toBe(start + 9000n * 86_400n * second);
		expect(after.oldest).toBeLessThan(start);
		expect(after.bytes).toBeGreaterThan(0);
		expect(after.queued).toBe(0);
	});

	test("knows after a restart what was stored, and drops it when it comes again", async () => {
		const connection = series.newConnection();
		const tag = series.newTag();
		const batch = seriesBatch(
			connection,
			0,
			[0, 1, 2].map((at) => ({ tag, ...point(at, at) })),
		);
		await series.engine.append(batch);
		await series.reopen();
		await series.engine.start();
		expect(series.engine.storedThrough(connection)).toBe(2);
		expect(await series.engine.append(batch)).toEqual({ stored: 0, duplicate: 3 });
		expect(numbers(await series.all(tag))).toEqual([0, 1, 2]);
	});

	test("stores what was taken before it stops", async () => {
		const tag = series.newTag();
		const taken = series.engine.append(seriesBatch(series.newConnection(), 0, [{ tag, ...point(1, 42) }]));
		await series.reopen();
		expect(await taken).toEqual({ stored: 1, duplicate: 0 });
		await series.engine.start();
		expect(numbers(await series.all(tag))).toEqual([42]);
	});
}
