import { type InOrderPlace, Quality } from "@millwright/core";
import { expect, test } from "vitest";
import { day, type SeriesKit, second, seriesBatch } from "./kit.ts";

/** 2022-02-02 00:00:00 UTC; each test a month of its own. */
const february = 1_643_760_000n * second;
let months = 0n;

/** The plant as it happened. */
export function inOrderTests(series: SeriesKit): void {
	/** Page by page, as [tag, seconds, value or word]. */
	async function everything(
		query: { tags: readonly number[]; range: { from: bigint; until: bigint }; limit: number },
		between: (page: number) => Promise<unknown> = async () => {},
	) {
		const found: (readonly [number, number, number | string])[] = [];
		let after: InOrderPlace | undefined;
		let page = 0;
		do {
			const { rows, next } = await series.engine.inOrder({ ...query, ...(after === undefined ? {} : { after }) });
			expect(rows.tags.length).toBeLessThanOrEqual(query.limit);
			if (next !== undefined) expect(rows.tags.length).toBe(query.limit);
			for (const [i, tag] of rows.tags.entries())
				found.push([
					tag,
					Number((rows.times[i] as bigint) - query.range.from) / 1e9,
					rows.texts?.get(i) ?? (rows.values[i] as number),
				]);
			after = next;
			await between(page++);
		} while (after !== undefined);
		return found;
	}

	test("hands out many tags together in the order of their times, page by page, whatever the tier", async () => {
		const month = february + 31n * day * months++;
		const tags = [series.newTag(), series.newTag(), series.newTag()] as const;
		const other = series.newTag();
		const rows = Array.from({ length: 200 }, (_, i) => ({
			tag: tags[i % 3] as number,
			time: month + BigInt((i * 7919) % 200) * 1000n * second,
			value: i % 50 === 7 ? `word ${i}` : i,
			quality: Quality.good,
		}));
		await series.engine.append(seriesBatch(series.newConnection(), 0, rows.slice(0, 150)));
		await series.engine.tidy({ until: month + 2n * day });
		await series.engine.append(seriesBatch(series.newConnection(), 0, rows.slice(150)));
		await series.store([{ time: month + 5n, value: 1, quality: Quality.good }], other);
		const expected = rows
			.map(({ tag, time, value }) => [tag, Number(time - month) / 1e9, value])
			.toSorted((a, b) => (a[1] as number) - (b[1] as number));
		const range = { from: month, until: month + 3n * day };
		for (const limit of [1000, 200, 199, 17]) expect(await everything({ tags, range, limit }), `${limit}`).toEqual(expected);
		const part = { from: month + 3000n * second, until: month + 9000n * second };
		expect((await everything({ tags, range: part, limit: 2 })).map(([, at]) => at)).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
	});

	test("goes on where a page ended, among samples of one time and across a tidy", async () => {
		const month = february + 31n * day * months++;
		const [a, b] = [series.newTag(), series.newTag()].toSorted((x, y) => x - y) as [number, number];
		const same = (tag: number, value: number) => ({ tag, time: month + second, value, quality: Quality.good });
		await series.engine.append(
			seriesBatch(series.newConnection(), 0, [same(b, 10), same(a, 1), same(a, 2), same(b, 11), same(a, 3)]),
		);
		const found = await everything({ tags: [b, a], range: { from: month, until: month + day }, limit: 1 }, (page) =>
			page === 1 ? series.engine.tidy({ until: month + day }) : Promise.resolve(),
		);
		expect(found).toEqual([
			[a, 1, 1],
			[a, 1, 2],
			[a, 1, 3],
			[b, 1, 10],
			[b, 1, 11],
		]);
	});

	test("has nothing to hand out where there is nothing", async () => {
		const range = { from: february - day, until: february };
		expect(await series.engine.inOrder({ tags: [], range, limit: 5 })).toMatchObject({ next: undefined });
		const { rows, next } = await series.engine.inOrder({ tags: [series.newTag()], range, limit: 5 });
		expect([rows.tags.length, next]).toEqual([0, undefined]);
		await expect(series.engine.inOrder({ tags: [series.newTag()], range, limit: 5, after: "nowhere" })).rejects.toMatchObject({
			kind: "input",
		});
	});
}
