import { expect, test } from "vitest";
import { numbers, point, type SeriesKit, seriesBatch } from "./kit.ts";

/** Sequence numbers: none lost, none twice. */
export function numberTests(series: SeriesKit): void {
	test("drops a batch that is known and stores only the unknown rows of an overlap", async () => {
		const connection = series.newConnection();
		const tag = series.newTag();
		const rows = (first: number, count: number) =>
			seriesBatch(
				connection,
				first,
				Array.from({ length: count }, (_, i) => ({ tag, ...point(first + i, first + i) })),
			);
		expect(await series.engine.append(rows(0, 10))).toEqual({ stored: 10, duplicate: 0 });
		expect(await series.engine.append(rows(0, 10))).toEqual({ stored: 0, duplicate: 10 });
		expect(await series.engine.append(rows(20, 5))).toEqual({ stored: 5, duplicate: 0 });
		expect(await series.engine.append(rows(5, 25))).toEqual({ stored: 15, duplicate: 10 });
		expect(numbers(await series.all(tag))).toEqual(Array.from({ length: 30 }, (_, i) => i));
	});

	test("counts what is known even while it is still on its way", async () => {
		const connection = series.newConnection();
		const tag = series.newTag();
		const batch = seriesBatch(connection, 0, [{ tag, ...point(0, 1) }]);
		const both = await Promise.all([series.engine.append(batch), series.engine.append(batch)]);
		expect(both).toEqual([
			{ stored: 1, duplicate: 0 },
			{ stored: 0, duplicate: 1 },
		]);
		expect(numbers(await series.all(tag))).toEqual([1]);
	});

	test("treats a batch whose rows are not one a number as one piece", async () => {
		const connection = series.newConnection();
		const tag = series.newTag();
		const derived = (first: number, last: number, values: number[]) =>
			seriesBatch(
				connection,
				first,
				values.map((value) => ({ tag, ...point(value, value) })),
				last,
			);
		expect(await series.engine.append(derived(0, 9, [1, 2]))).toEqual({ stored: 2, duplicate: 0 });
		expect(await series.engine.append(derived(0, 9, [1, 2]))).toEqual({ stored: 0, duplicate: 2 });
		expect(await series.engine.append(derived(5, 14, [3, 4, 5]))).toEqual({ stored: 3, duplicate: 0 });
		expect(series.engine.storedThrough(connection)).toBe(14);
		expect(numbers(await series.all(tag))).toEqual([1, 2, 3, 4, 5]);
	});

	test("says how far a connection is stored without a gap, from its lowest number", async () => {
		const connection = series.newConnection();
		const rows = (first: number, last: number) =>
			seriesBatch(
				connection,
				first,
				Array.from({ length: last - first + 1 }, (_, i) => ({ tag: 1_000_000, ...point(first + i, 1) })),
			);
		expect(series.engine.storedThrough(connection)).toBe(-1);
		await series.engine.append(rows(5, 9));
		expect(series.engine.storedThrough(connection)).toBe(9);
		await series.engine.append(rows(20, 29));
		expect(series.engine.storedThrough(connection)).toBe(9);
		expect(series.engine.storedCount(connection)).toBe(15);
		await series.engine.append(seriesBatch(connection, 10, [], 19));
		expect(series.engine.storedThrough(connection)).toBe(29);
		await series.engine.append(rows(25, 29));
		expect(series.engine.storedCount(connection)).toBe(25);
	});
}
