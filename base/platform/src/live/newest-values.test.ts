import { msAt, SampleBatchBuilder } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NewestValues } from "./newest-values.ts";

const row = fc.record({
	tag: fc.integer({ min: 1, max: 6 }),
	time: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
	value: fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null), fc.bigInt()),
	quality: fc.integer({ min: 0, max: 255 }),
});

test("whatever the batches, each watched tag holds its last row and is told once a frame with its count", () => {
	fc.assert(
		fc.property(fc.array(fc.array(row, { maxLength: 20 }), { maxLength: 5 }), (batches) => {
			const newest = new NewestValues();
			const watched = [1, 3, 5];
			for (const tag of watched) newest.watch(tag, undefined);
			const expected = new Map<number, { time: number; quality: number; value: unknown; count: number }>();
			for (const rows of batches) {
				const builder = new SampleBatchBuilder();
				for (const { tag, time, value, quality } of rows) builder.add(tag, time, value, quality);
				const batch = builder.take({ connection: "c", first: 1 });
				for (let i = 0; i < batch.length; i++) {
					const tag = batch.tags[i] as number;
					if (!watched.includes(tag)) continue;
					const number = batch.values[i] as number;
					expected.set(tag, {
						time: Math.round(msAt(batch, i) * 1000) / 1000,
						quality: batch.quality[i] as number,
						value: batch.texts.get(i) ?? (Number.isFinite(number) ? number : null),
						count: (expected.get(tag)?.count ?? 0) + 1,
					});
				}
				newest.apply(batch);
			}
			const told = new Map<number, unknown>();
			newest.takeChanges((tag, count) => {
				expect(told.has(tag)).toBe(false);
				told.set(tag, { time: newest.timeOf(tag), quality: newest.qualityOf(tag), value: newest.contentOf(tag), count });
			});
			expect(told).toEqual(expected);
			newest.takeChanges(() => expect.unreachable());
		}),
	);
});

test("a tag nobody watches any more is forgotten, and what is known is asked anew", () => {
	const newest = new NewestValues();
	newest.watch(2000, { time: 1, value: "warm", quality: 0 });
	expect([newest.isKnown(2000), newest.contentOf(2000)]).toEqual([true, "warm"]);
	newest.unwatch(2000);
	newest.watch(2000, undefined);
	expect([newest.isKnown(2000), newest.contentOf(2000)]).toEqual([false, null]);
});
