import type { Span } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planBlocks, spanKey } from "./plan.ts";

const span = fc.record({ space: fc.constantFrom("holding", "coil"), start: fc.nat(300), length: fc.integer({ min: 1, max: 8 }) });
const rules = fc.record({
	most: fc.integer({ min: 4, max: 60 }),
	maxGap: fc.nat(20),
	forbidden: fc.array(span, { maxLength: 4 }),
	oneByOne: fc.boolean(),
	aloneAt: fc.array(fc.nat(39), { maxLength: 3 }),
	apartAt: fc.array(fc.nat(39), { maxLength: 3 }),
});
const touches = (a: Span, b: Span) => a.space === b.space && a.start < b.start + b.length && b.start < a.start + a.length;

test("every span is fetched exactly once or named impossible, limits are kept, forbidden units never touched", () => {
	fc.assert(
		fc.property(fc.array(span, { maxLength: 40 }), rules, (spans, { most, maxGap, forbidden, oneByOne, aloneAt, apartAt }) => {
			const keys = (at: number[]) => new Set(at.flatMap((i) => (spans[i] ? [spanKey(spans[i])] : [])));
			const [alone, apart] = [keys(aloneAt), keys(apartAt)];
			const { blocks, impossible } = planBlocks(spans, { maxLength: () => most, maxGap, forbidden, oneByOne, alone, apart });
			const seen = [...blocks.flatMap((block) => block.items), ...impossible.map(({ item }) => item)].sort((a, b) => a - b);
			expect(seen).toEqual(spans.map((_, i) => i));
			for (const block of blocks) {
				expect(block.length).toBeLessThanOrEqual(most);
				for (const other of forbidden) expect(touches(block, other)).toBe(false);
				if (oneByOne) expect(block.items.length).toBe(1);
				for (const item of block.items) {
					const inner = spans[item] as Span;
					expect(inner.space).toBe(block.space);
					expect(inner.start).toBeGreaterThanOrEqual(block.start);
					expect(inner.start + inner.length).toBeLessThanOrEqual(block.start + block.length);
					if (alone.has(spanKey(inner)))
						expect({ start: block.start, length: block.length }).toEqual({ start: inner.start, length: inner.length });
				}
				const units = new Set(
					block.items.flatMap((item) =>
						Array.from({ length: (spans[item] as Span).length }, (_, i) => (spans[item] as Span).start + i),
					),
				);
				let gap = 0;
				for (let unit = block.start; unit < block.start + block.length; unit++) {
					gap = units.has(unit) ? 0 : gap + 1;
					expect(gap).toBeLessThanOrEqual(maxGap);
				}
			}
			for (const { item } of impossible) {
				const given = spans[item] as Span;
				expect(given.length > most || forbidden.some((other) => touches(given, other))).toBe(true);
			}
		}),
	);
});

test("neighbours share a request, a wide gap parts them", () => {
	const spans = [0, 2, 4, 40].map((start) => ({ space: "holding", start, length: 2 }));
	const plan = planBlocks(spans, { maxLength: () => 125, maxGap: 8, forbidden: [], oneByOne: false });
	expect(plan.blocks).toEqual([
		{ space: "holding", start: 0, length: 6, items: [0, 1, 2] },
		{ space: "holding", start: 40, length: 2, items: [3] },
	]);
});
