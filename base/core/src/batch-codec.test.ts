import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBatch, encodeBatch } from "./batch-codec.ts";
import { MillwrightError } from "./errors.ts";
import { type SampleBatch, SampleBatchBuilder } from "./sample-batch.ts";

const row = fc.record({
	tag: fc.integer({ min: 0, max: 0xffff_ffff }),
	time: fc.oneof(
		fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
		fc.bigInt({ min: 1_790_000_000_000_000_000n, max: 1_790_000_100_000_000_000n }),
	),
	value: fc.oneof(
		fc.double(),
		fc.boolean(),
		fc.float(),
		fc.string({ unit: "grapheme" }),
		fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n }),
		fc.constant(null),
	),
	quality: fc.integer({ min: 0, max: 255 }),
});
const about = fc.record({
	connection: fc.string({ maxLength: 40 }),
	first: fc.integer({ min: 0, max: 2 ** 50 }),
	historical: fc.boolean(),
	readAtMs: fc.double(),
	wide: fc.option(fc.integer({ min: -1, max: 5000 })),
});
const batches = fc
	.tuple(fc.array(row, { maxLength: 60 }), about, fc.boolean(), fc.boolean())
	.map(([rows, { wide, ...head }, oneTime, oneTag]): SampleBatch => {
		const builder = new SampleBatchBuilder();
		for (const { tag, time, value, quality } of rows)
			builder.add(oneTag ? (rows[0]?.tag ?? 0) : tag, oneTime ? (rows[0]?.time ?? 0n) : time, value, quality);
		return builder.take({ ...head, ...(wide === null ? {} : { last: head.first + wide }) });
	});

test("every batch survives being written and read", () => {
	fc.assert(
		fc.property(batches, (batch) => {
			expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
		}),
	);
});

test("bytes at an odd offset of a larger buffer are read alike", () => {
	fc.assert(
		fc.property(batches, fc.integer({ min: 1, max: 9 }), (batch, shift) => {
			const bytes = encodeBatch(batch);
			const within = new Uint8Array(bytes.length + shift + 3);
			within.set(bytes, shift);
			expect(decodeBatch(within.subarray(shift, shift + bytes.length))).toEqual(batch);
		}),
	);
});

const readsOrRefuses = (bytes: Uint8Array): void => {
	try {
		const batch = decodeBatch(bytes);
		expect(batch.length).toBeLessThanOrEqual(bytes.length);
	} catch (thrown) {
		expect(thrown).toBeInstanceOf(MillwrightError);
	}
};

test("random and mutated bytes are read or refused, never worse", () => {
	fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readsOrRefuses));
	fc.assert(
		fc.property(
			batches,
			fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
			fc.nat(),
			(batch, changes, cut) => {
				const bytes = encodeBatch(batch);
				for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
				readsOrRefuses(bytes);
				readsOrRefuses(bytes.subarray(0, cut % bytes.length));
			},
		),
		{ numRuns: 500 },
	);
});

test("every shortened batch is refused", () => {
	const builder = new SampleBatchBuilder();
	builder.add(1, 5n, 1.1, 0);
	builder.add(2, 9n, "text", 64);
	const bytes = encodeBatch(builder.take({ connection: "press", first: 7 }));
	for (let end = 0; end < bytes.length; end++) expect(() => decodeBatch(bytes.subarray(0, end))).toThrow(MillwrightError);
});

test("fifty values read together cost about eight bytes each", () => {
	const builder = new SampleBatchBuilder();
	for (let tag = 1; tag <= 50; tag++) builder.add(tag, 1_790_000_000_000_000_000n, Math.fround(tag / 3), 0);
	expect(encodeBatch(builder.take({ connection: "press-1", first: 1_000_000 })).length).toBeLessThan(50 * 8 + 60);
});
