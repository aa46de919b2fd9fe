import fc from "fast-check";
import { expect, test } from "vitest";
import { SequenceSet } from "./sequence-set.ts";

const number = fc.integer({ min: 0, max: 60 });
const ranges = fc.array(fc.tuple(number, fc.integer({ min: -1, max: 15 })), { maxLength: 30 });

test("behaves like a plain set of numbers, whatever the order of the ranges", () => {
	fc.assert(
		fc.property(ranges, (list) => {
			const set = new SequenceSet();
			const plain = new Set<number>();
			for (const [first, length] of list) {
				const last = first + length;
				const expected: number[] = [];
				for (let n = first; n <= last; n++) if (!plain.has(n)) expected.push(n);
				const added = set.add(first, last).flatMap((range) => {
					expect(range.last).toBeGreaterThanOrEqual(range.first);
					return Array.from({ length: range.last - range.first + 1 }, (_, i) => range.first + i);
				});
				expect(added).toEqual(expected);
				for (const n of expected) plain.add(n);
				expect(set.covers(first, last)).toBe(true);
			}
			expect(set.size).toBe(plain.size);
			for (let n = 0; n <= 80; n++) expect(set.has(n)).toBe(plain.has(n));
			let through = -1;
			while (plain.has(through + 1)) through++;
			expect(set.through()).toBe(through);
			const kept = set.ranges();
			for (let i = 1; i < kept.length; i++) expect((kept[i]?.first ?? 0) - (kept[i - 1]?.last ?? 0)).toBeGreaterThan(1);
			expect(new SequenceSet(kept).ranges()).toEqual(kept);
		}),
	);
});

test("an empty set reaches nowhere", () => {
	expect(new SequenceSet().through()).toBe(-1);
	expect(new SequenceSet([{ first: 5, last: 9 }]).through()).toBe(-1);
	expect(new SequenceSet([{ first: 5, last: 9 }]).through(5)).toBe(9);
});
