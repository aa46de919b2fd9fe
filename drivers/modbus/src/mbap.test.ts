import fc from "fast-check";
import { expect, test } from "vitest";
import { BrokenStream, createFrameSplitter, encodeFrame, type Frame } from "./mbap.ts";

const frames = fc.array(
	fc.record({
		transaction: fc.integer({ min: 0, max: 0xffff }),
		unit: fc.integer({ min: 0, max: 255 }),
		pdu: fc.uint8Array({ minLength: 1, maxLength: 253 }),
	}),
	{ maxLength: 8 },
);

/** Cuts bytes into pieces of the given lengths, round and round. */
function* pieces(bytes: Uint8Array, lengths: number[]): Generator<Uint8Array> {
	for (let at = 0, i = 0; at < bytes.length; i++) {
		const length = lengths[i % lengths.length] as number;
		yield bytes.subarray(at, at + length);
		at += length;
	}
}

test("frames come out whole however TCP cut them", () => {
	fc.assert(
		fc.property(frames, fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 10 }), (sent, lengths) => {
			const got: Frame[] = [];
			const splitter = createFrameSplitter((frame) => got.push(frame));
			for (const piece of pieces(Buffer.concat(sent.map(encodeFrame)), lengths)) splitter.push(piece);
			expect(got).toEqual(sent);
		}),
	);
});

test("a handed-on frame does not change when the socket uses its buffer again", () => {
	const got: Frame[] = [];
	const chunk = encodeFrame({ transaction: 1, unit: 1, pdu: Uint8Array.of(3, 2, 7, 7) });
	createFrameSplitter((frame) => got.push(frame)).push(chunk);
	chunk.fill(0);
	expect([...(got[0]?.pdu ?? [])]).toEqual([3, 2, 7, 7]);
});

test("an unfinished frame is not changed by a buffer used again", () => {
	const got: Frame[] = [];
	const whole = encodeFrame({ transaction: 9, unit: 1, pdu: Uint8Array.of(3, 2, 7, 7) });
	const first = Buffer.from(whole.subarray(0, 9));
	const splitter = createFrameSplitter((frame) => got.push(frame));
	splitter.push(first);
	first.fill(0xff);
	splitter.push(whole.subarray(9));
	expect(got).toMatchObject([{ transaction: 9, unit: 1 }]);
});

test("a wrong protocol id or an absurd length breaks the stream for good, after the good frames before it", () => {
	const good = encodeFrame({ transaction: 1, unit: 1, pdu: Uint8Array.of(3) });
	for (const bad of [
		[0, 2, 0, 1, 0, 2, 1, 3],
		[0, 2, 0, 0, 0, 1, 1, 3],
		[0, 2, 0, 0, 0, 0, 1, 3],
		[0, 2, 0, 0, 0, 255, 1, 3],
		[0, 2, 0, 0, 255, 255, 1, 3],
	]) {
		const got: Frame[] = [];
		const splitter = createFrameSplitter((frame) => got.push(frame));
		expect(() => splitter.push(Buffer.concat([good, Buffer.from(bad)]))).toThrow(BrokenStream);
		expect(got.length).toBe(1);
		expect(() => splitter.push(good)).toThrow(BrokenStream);
		expect(got.length).toBe(1);
	}
});

test("random bytes never throw anything else", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 5 }), (chunks) => {
			const splitter = createFrameSplitter(() => {});
			try {
				for (const chunk of chunks) splitter.push(chunk);
			} catch (error) {
				expect(error).toBeInstanceOf(BrokenStream);
			}
		}),
		{ numRuns: 500 },
	);
});
