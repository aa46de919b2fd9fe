import { Quality } from "@millwright/core";
import { expect, test } from "vitest";
import { day, numbers, type SeriesKit, second, seriesBatch } from "./kit.ts";

/** 2024-06-01 00:00:00 UTC. */
const summer = 1_717_200_000n * second;

/** Retention: by tag and time, in every tier. */
export function forgetTests(series: SeriesKit): void {
	test("forgets these tags before a time wherever they lie, and nothing else", async () => {
		const [gone, kept] = [series.newTag(), series.newTag()];
		const connection = series.newConnection();
		const rows = (tag: number) =>
			[0n, 1n, 2n, 3n].map((days) => ({ tag, time: summer + days * day + second, value: Number(days), quality: Quality.good }));
		const old = seriesBatch(connection, 0, [...rows(gone), ...rows(kept)]);
		await series.engine.append(old);
		await series.engine.tidy({ until: summer + 2n * day });
		await series.store([{ time: summer + 5n, value: 0.5, quality: Quality.good }], gone);
		await series.engine.bringIn({ id: "to-forget", rows: brought(gone, summer + 7n) });
		const range = { from: summer, until: summer + 9n * day };
		const rowsBefore = (await series.engine.figures()).rows;

		const forgotten = await series.engine.forget({ tags: [gone], before: summer + 2n * day + second });
		expect(forgotten.rows).toBe(4);
		expect(numbers(await series.engine.raw({ tag: gone, range, limit: 10 }))).toEqual([2, 3]);
		expect(numbers(await series.engine.raw({ tag: kept, range, limit: 10 }))).toEqual([0, 1, 2, 3]);
		expect((await series.engine.figures()).rows).toBe(rowsBefore - 4);
		expect(await series.engine.takeOut({ id: "to-forget" })).toEqual({ rows: 0 });
		expect(await series.engine.append(old)).toEqual({ stored: 0, duplicate: 8 });

		await series.reopen();
		await series.engine.start();
		expect(numbers(await series.engine.raw({ tag: gone, range, limit: 10 }))).toEqual([2, 3]);
		expect(await series.engine.forget({ tags: [gone], before: summer + 2n * day + second })).toMatchObject({ rows: 0 });
	});

	test("knows no day any more of which everything is forgotten", async () => {
		const tag = series.newTag();
		const time = summer + 100n * day;
		await series.store([{ time, value: 1, quality: Quality.good }], tag);
		await series.engine.tidy({ until: time + day });
		const range = { from: time, until: time + day };
		expect(await series.engine.days({ range })).toHaveLength(1);
		await series.engine.forget({ tags: [tag], before: time + day });
		expect(await series.engine.days({ range })).toEqual([]);
	});

	async function* brought(tag: number, time: bigint) {
		yield {
			tags: Uint32Array.of(tag),
			times: BigInt64Array.of(time),
			values: Float64Array.of(0.7),
			quality: Uint8Array.of(Quality.good),
		};
	}
}
