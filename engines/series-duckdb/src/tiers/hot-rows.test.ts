import fc from "fast-check";
import { expect, test } from "vitest";
import { createHotHours, hourNs } from "./hot-rows.ts";

const anyTime = fc.oneof(
	fc.bigInt({ min: -3n * hourNs, max: 3n * hourNs }),
	fc.bigInt({ min: 490_000n * hourNs, max: 490_003n * hourNs }),
	fc.constantFrom(0n, -1n, hourNs, hourNs - 1n, -hourNs, 490_000n * hourNs - 1n),
);

test("knows in which hours rows lie, whatever came and went", () => {
	fc.assert(
		fc.property(fc.array(fc.array(anyTime, { maxLength: 12 }), { maxLength: 6 }), anyTime, anyTime, (batches, a, b) => {
			const hours = createHotHours(new Map());
			// A batch's columns are longer than its rows.
			for (const times of batches) hours.add(BigInt64Array.from([...times, 7n, 7n]), times.length);
			const all = batches.flat();
			expect(hours.rows).toBe(all.length);
			const [from, until] = a < b ? [a, b] : [b, a];
			if (all.some((time) => time >= from && time < until)) expect(hours.has(from, until)).toBe(true);
			const extent = hours.extent();
			for (const time of all) {
				expect(extent && time >= extent.from && time < extent.until).toBe(true);
			}
			const gone = new Map<bigint, number>();
			for (const time of all) {
				const hour = (time - (((time % hourNs) + hourNs) % hourNs)) / hourNs;
				gone.set(hour, (gone.get(hour) ?? 0) + 1);
			}
			hours.subtract(gone);
			expect([hours.rows, hours.extent(), hours.has(from, until)]).toEqual([0, undefined, false]);
		}),
	);
});
