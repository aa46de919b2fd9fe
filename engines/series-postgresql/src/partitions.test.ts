import fc from "fast-check";
import { expect, test } from "vitest";
import { boundOf, dayNanos, dayOf, type Partition, partitionFor, partitionOf } from "./partitions.ts";

const now = 1_767_592_800_000_000_000n;
const anyTime = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

test("every time has a table, and no two tables overlap or share a name, in whatever order times come", () => {
	const near = fc.bigInt({ min: now - 3000n * dayNanos, max: now + 3000n * dayNanos });
	fc.assert(
		fc.property(fc.array(fc.oneof(near, anyTime), { maxLength: 60 }), (times) => {
			const all: Partition[] = [];
			for (const time of times) {
				if (partitionOf(time, all)) continue;
				const made = partitionFor(time, now, all);
				for (const { low, high, name } of all) {
					expect(low < made.high && made.low < high).toBe(false);
					expect(name).not.toBe(made.name);
				}
				all.push(made);
				expect(partitionOf(time, all)).toBe(made);
			}
		}),
	);
});

test("near now a day has a table of its own; far away they are few", () => {
	expect(partitionFor(now, now, [])).toEqual({ name: "sample_d20260105", low: dayOf(now), high: dayOf(now) + dayNanos });
	expect(partitionFor(now - 400n * dayNanos, now, []).name).toBe("sample_m202412");
	expect(partitionFor(0n, now, []).name).toBe("sample_y1970");
	expect(boundOf(partitionFor(-(2n ** 63n), now, []).low)).toBe("MINVALUE");
	expect(boundOf(partitionFor(2n ** 63n - 1n, now, []).high)).toBe("MAXVALUE");
});
