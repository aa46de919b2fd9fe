import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Quality } from "@millwright/core";
import { expect, test } from "vitest";
import { point, range, type SeriesKit, start } from "./kit.ts";

/** Files for people and other programs. */
export function exportTests(series: SeriesKit): void {
	test("exports CSV by topic and time with nanoseconds and names of quality", async () => {
		const late = await series.store([point(2, 2), { time: start + 1n, value: "two\nlines", quality: Quality.badStale }]);
		const other = await series.store([point(1, 0.1)]);
		const file = join(series.folder, "it's one.csv");
		const tags = [
			{ id: late, topic: "udt/plant/b" },
			{ id: other, topic: "udt/plant/a" },
		];
		expect(await series.engine.export({ tags, range, format: "csv", file })).toEqual({ rows: 3 });
		expect(await readFile(file, "utf8")).toBe(
			[
				"tag,time,value,text,quality",
				"udt/plant/a,2026-01-05T06:00:01.000000000Z,0.1,,good",
				'udt/plant/b,2026-01-05T06:00:00.000000001Z,,"two\nlines",bad:stale',
				"udt/plant/b,2026-01-05T06:00:02.000000000Z,2.0,,good\n",
			].join("\n"),
		);
	});

	test("exports Parquet", async () => {
		const tag = await series.store([point(1, 1), point(2, 2)]);
		const file = join(series.folder, "two.parquet");
		const tags = [{ id: tag, topic: "udt/plant/a" }];
		expect(await series.engine.export({ tags, range, format: "parquet", file })).toEqual({ rows: 2 });
		expect((await readFile(file)).subarray(0, 4).toString()).toBe("PAR1");
		expect((await stat(file)).size).toBeGreaterThan(100);
	});
}
