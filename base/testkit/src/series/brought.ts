import { type BroughtRows, Quality } from "@millwright/core";
import { expect, test } from "vitest";
import { day, numbers, type SeriesKit, second } from "./kit.ts";

/** 2023-01-01 00:00:00 UTC. */
const winter = 1_672_531_200n * second;
const range = { from: winter, until: winter + 400n * day };

/** Rows from elsewhere: all or nothing, and out again. */
export function broughtTests(series: SeriesKit): void {
	/** In pieces of two, in the order given. */
	async function* pieces(rows: readonly { tag: number; seconds: number; value: number | string }[]): AsyncIterable<BroughtRows> {
		for (let i = 0; i < rows.length; i += 2) {
			const some = rows.slice(i, i + 2);
			yield {
				tags: Uint32Array.from(some, ({ tag }) => tag),
				times: BigInt64Array.from(some, ({ seconds }) => winter + BigInt(seconds) * second),
				values: Float64Array.from(some, ({ value }) => (typeof value === "number" ? value : Number.NaN)),
				quality: new Uint8Array(some.length).fill(Quality.good),
				texts: new Map(some.flatMap(({ value }, row) => (typeof value === "string" ? [[row, value] as const] : []))),
			};
		}
	}
	let ids = 0;
	const newId = () => `import_${++ids}-x`;
	const valuesOf = async (tag: number) => {
		const rows = await series.engine.raw({ tag, range, limit: 1000 });
		return numbers(rows).map((value, i) => rows.texts?.get(i) ?? value);
	};

	test("answers what was brought in together with everything else, and takes it out again without a trace", async () => {
		const tag = series.newTag();
		const other = series.newTag();
		await series.store(
			[1, 5].map((s) => ({ time: winter + BigInt(s) * second, value: s, quality: Quality.good })),
			tag,
		);
		await series.engine.tidy({ until: winter + day });
		const before = await series.engine.figures();
		const id = newId();
		const days = 86_400;
		const rows = [
			{ tag, seconds: 3 + 90 * days, value: 90 },
			{ tag, seconds: 3, value: 3 },
			{ tag: other, seconds: 2, value: "word" },
			{ tag, seconds: 0, value: 0 },
			{ tag, seconds: 9, value: 9 },
		];
		expect(await series.engine.bringIn({ id, rows: pieces(rows) })).toEqual({ rows: 5 });
		expect(await valuesOf(tag)).toEqual([0, 1, 3, 5, 9, 90]);
		expect(await valuesOf(other)).toEqual(["word"]);
		const minutes = await series.engine.aggregate({ tags: [tag], range, bucket: 60n * second, functions: ["sum"] });
		expect([...(minutes.get(tag)?.columns.sum ?? [])]).toEqual([18, 90]);
		const during = await series.engine.figures();
		expect(during.rows - before.rows).toBe(5);
		expect((during.tiers.brought?.rows ?? 0) - (before.tiers.brought?.rows ?? 0)).toBe(5);
		const daysBrought = (await series.engine.days({ range })).filter(({ tier }) => tier === "brought");
		expect(daysBrought.map(({ day: of, rows }) => [of - winter, rows])).toEqual([
			[0n, 4],
			[90n * day, 1],
		]);

		await series.engine.tidy({ until: winter + 100n * day });
		await series.reopen();
		await series.engine.start();
		expect(await valuesOf(tag)).toEqual([0, 1, 3, 5, 9, 90]);
		expect(await series.engine.takeOut({ id })).toEqual({ rows: 5 });
		expect(await valuesOf(tag)).toEqual([1, 5]);
		expect(await valuesOf(other)).toEqual([]);
		expect((await series.engine.figures()).rows).toBe(before.rows);
		expect(await series.engine.takeOut({ id })).toEqual({ rows: 0 });
	});

	test("brings in nothing when the rows end in an error or are taken back", async () => {
		const tag = series.newTag();
		const id = newId();
		async function* broken() {
			yield* pieces([{ tag, seconds: 1, value: 1 }]);
			throw new Error("line 2 is no line");
		}
		await expect(series.engine.bringIn({ id, rows: broken() })).rejects.toThrow("line 2 is no line");
		const stop = new AbortController();
		async function* stopped() {
			yield* pieces([{ tag, seconds: 1, value: 1 }]);
			stop.abort();
			yield* pieces([{ tag, seconds: 2, value: 2 }]);
		}
		await expect(series.engine.bringIn({ id, rows: stopped(), signal: stop.signal })).rejects.toThrow();
		expect(await valuesOf(tag)).toEqual([]);
		await series.engine.bringIn({ id, rows: pieces([{ tag, seconds: 3, value: 3 }]) });
		expect(await valuesOf(tag)).toEqual([3]);
	});

	test("refuses a name that is taken or is none", async () => {
		const tag = series.newTag();
		const id = newId();
		await series.engine.bringIn({ id, rows: pieces([{ tag, seconds: 1, value: 1 }]) });
		await expect(series.engine.bringIn({ id, rows: pieces([{ tag, seconds: 2, value: 2 }]) })).rejects.toMatchObject({
			kind: "conflict",
		});
		for (const name of ["", "../up", "UPPER", "a b", "x".repeat(200)])
			await expect(series.engine.bringIn({ id: name, rows: pieces([]) })).rejects.toMatchObject({ kind: "input" });
		expect(await valuesOf(tag)).toEqual([1]);
	});

	test("brings in many rows of many tags at once", async () => {
		const tags = Array.from({ length: 20 }, () => series.newTag());
		const count = 3000;
		async function* many(): AsyncIterable<BroughtRows> {
			for (let s = 0; s < count; s += 100) {
				const length = 100 * tags.length;
				yield {
					tags: Uint32Array.from({ length }, (_, i) => tags[i % tags.length] as number),
					times: BigInt64Array.from({ length }, (_, i) => winter + BigInt(s + Math.floor(i / tags.length)) * 60n * second),
					values: Float64Array.from({ length }, (_, i) => s + Math.floor(i / tags.length)),
					quality: new Uint8Array(length),
				};
			}
		}
		const id = newId();
		expect(await series.engine.bringIn({ id, rows: many() })).toEqual({ rows: count * tags.length });
		for (const tag of [tags[0], tags[19]]) {
			const rows = await series.engine.raw({ tag: tag as number, range, limit: 10_000 });
			expect(rows.values).toEqual(Float64Array.from({ length: count }, (_, i) => i));
		}
		expect(await series.engine.takeOut({ id })).toEqual({ rows: count * tags.length });
	});
}
