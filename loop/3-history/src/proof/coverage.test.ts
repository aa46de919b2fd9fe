import fc from "fast-check";
import { expect, test } from "vitest";
import { coverageOf } from "./coverage.ts";

const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;
const buckets = (rows: [start: number, goodMs: number][]) => ({
	starts: BigInt64Array.from(rows, ([start]) => ns(start)),
	columns: {
		goodDuration: Float64Array.from(rows, ([, good]) => good * 1e6),
		count: Float64Array.from(rows, () => 2),
		countGood: Float64Array.from(rows, () => 1),
	},
});

test("gaps are joined, cut at the ends of the question, the worst first", () => {
	const found = buckets([
		[1000, 500],
		[2000, 1000],
		[3000, 900],
		[5000, 1000],
	]);
	expect(coverageOf(found, { from: 1500, until: 5500, bucketMs: 1000 })).toEqual({
		samples: 8,
		good: 4,
		covered: (500 + 1000 + 900 + 1000) / 4000,
		strip: [1, 1, 0.9, 0, 1],
		gaps: [{ from: 3000, until: 5000 }],
	});
});

test("a tag that never spoke is one gap", () => {
	expect(coverageOf(undefined, { from: 0, until: 100, bucketMs: 10 })).toMatchObject({
		samples: 0,
		covered: 0,
		gaps: [{ from: 0, until: 100 }],
	});
});

test("gaps never overlap, never leave the question, and account for what is not covered", () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 15 }),
			fc.integer({ min: 0, max: 999 }),
			(shares, cut) => {
				const from = 10_000 + cut;
				const until = 10_000 + shares.length * 1000;
				const rows = shares.map((good, i): [number, number] => [10_000 + i * 1000, i === 0 ? Math.min(good, 1000 - cut) : good]);
				const { gaps, covered, strip } = coverageOf(buckets(rows), { from, until, bucketMs: 1000 });
				const sorted = [...gaps].sort((a, b) => a.from - b.from);
				for (const [i, gap] of sorted.entries()) {
					expect(gap.from).toBeGreaterThanOrEqual(from);
					expect(gap.until).toBeLessThanOrEqual(until);
					expect(gap.from).toBeGreaterThanOrEqual(sorted[i - 1]?.until ?? from);
				}
				const inGaps = gaps.reduce((sum, gap) => sum + gap.until - gap.from, 0);
				expect((1 - covered) * (until - from)).toBeLessThanOrEqual(inGaps + shares.length);
				expect(strip.every((share) => share >= 0 && share <= 1)).toBe(true);
			},
		),
	);
});
