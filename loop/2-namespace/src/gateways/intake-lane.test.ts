import { type NumberRange, type SampleBatch, SampleBatchBuilder, SequenceSet } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createHandOn } from "./hand-on.ts";
import { IntakeLane, sliceOf } from "./intake-lane.ts";
import { countOf, without } from "./number-ranges.ts";

/** Values say their numbers. */
function batchOf(first: number, last: number): SampleBatch {
	const builder = new SampleBatchBuilder(8);
	for (let number = first; number <= last; number++) builder.add(1, BigInt(number), number, 0);
	return builder.take({ connection: "press", first });
}
const laneWith = (stored: NumberRange[] = []): IntakeLane => new IntakeLane("gate", "press", "gate/press", stored);

test("whatever comes, however often and in whatever pieces, each number goes on exactly once and with its own value", () => {
	const pieces = fc.array(fc.tuple(fc.nat(80), fc.integer({ min: 1, max: 30 })), { minLength: 1, maxLength: 40 });
	fc.assert(
		fc.property(pieces, fc.array(fc.tuple(fc.nat(60), fc.nat(10)), { maxLength: 3 }), (given, known) => {
			const before = new SequenceSet(known.map(([first, more]) => ({ first, last: first + more })));
			const lane = laneWith(before.ranges());
			const went: number[] = [];
			for (const [first, count] of given) {
				const batch = batchOf(first, first + count - 1);
				for (const part of lane.take(batch) ?? []) went.push(...sliceOf(batch, part).values);
			}
			const all = new SequenceSet(given.map(([first, count]) => ({ first, last: first + count - 1 })));
			const due = without(all.ranges(), before.ranges());
			expect(went.sort((a, b) => a - b)).toEqual(
				due.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at)),
			);
			expect(lane.received - lane.duplicate).toBe(went.length);
		}),
	);
});

test("however messages overtake each other, what is held goes on in the order it was sent", () => {
	fc.assert(
		fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), (order) => {
			const lane = laneWith();
			const went: number[] = [];
			const enter = (batch: SampleBatch): void => {
				lane.take(batch);
				went.push(batch.first / 10);
			};
			for (const at of order) {
				const batch = batchOf(at * 10, at * 10 + 9);
				const after = at === 0 ? -1 : at * 10 - 1;
				if (lane.isEarly(after)) lane.hold("live", batch, after, 0);
				else {
					enter(batch);
					for (const next of lane.release(Number.NEGATIVE_INFINITY)) enter(next);
				}
			}
			expect(went).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
			expect(lane.heldRows).toBe(0);
		}),
	);
});

test("what waits too long for its predecessor goes on without it", () => {
	const lane = laneWith();
	lane.hold("live", batchOf(20, 29), 19, 1000);
	expect(lane.release(999)).toEqual([]);
	expect(lane.release(1000).map(({ first }) => first)).toEqual([20]);
});

test("a number is told as durable once it is, again when it comes again, and not before", () => {
	const lane = laneWith();
	lane.take(batchOf(0, 9));
	expect(lane.untold()).toEqual([]);
	lane.stored(0, 9);
	expect(lane.untold()).toEqual([[0, 9]]);
	expect(lane.untold()).toEqual([]);
	lane.take(batchOf(5, 12));
	expect(lane.untold()).toEqual([[5, 9]]);
});

test("what the history let go of is wanted again and may come again", () => {
	const lane = laneWith();
	lane.take(batchOf(0, 29));
	lane.stored(0, 9);
	lane.takeBack(15);
	expect(lane.again).toEqual([{ first: 15, last: 29 }]);
	expect(lane.take(batchOf(10, 29))).toEqual([{ first: 15, last: 29 }]);
});

test("only what is missing all the while is asked for again", () => {
	const lane = laneWith();
	lane.take(batchOf(0, 9));
	lane.take(batchOf(20, 29));
	const missing = lane.missing([], 29);
	expect(missing).toEqual([{ first: 10, last: 19 }]);
	expect(lane.missing([{ first: 10, last: 14 }], 29)).toEqual([{ first: 15, last: 19 }]);
	lane.look(missing, 0, 5000);
	lane.look(missing, 4999, 5000);
	expect(lane.again).toEqual([]);
	lane.look(missing, 5000, 5000);
	expect(lane.again).toEqual(missing);
});

test("batches of one turn that follow each other travel as one, and none is changed by it", () => {
	const numbers = fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.nat(40), fc.integer({ min: 1, max: 5 }), fc.boolean()), {
		maxLength: 30,
	});
	fc.assert(
		fc.property(numbers, (given) => {
			const sent: SampleBatch[] = [];
			let run: () => void = () => {};
			const handOn = createHandOn({ send: (batch) => sent.push(batch), later: (work) => (run = work) });
			for (const [connection, first, count, historical] of given)
				handOn.add({ ...batchOf(first, first + count - 1), connection, historical });
			run();
			for (const connection of ["a", "b"]) {
				const due = given
					.filter(([name]) => name === connection)
					.flatMap(([, first, count]) => [...batchOf(first, first + count - 1).values]);
				const came = sent.filter((batch) => batch.connection === connection);
				expect(came.flatMap(({ values }) => [...values])).toEqual(due);
				for (const batch of came) expect(batch.values[0]).toBe(batch.first);
			}
		}),
	);
});

test("ranges without others are what a set of numbers says", () => {
	const ranges = fc
		.array(fc.tuple(fc.nat(60), fc.nat(10)))
		.map((pairs) => new SequenceSet(pairs.map(([first, more]) => ({ first, last: first + more }))));
	fc.assert(
		fc.property(ranges, ranges, (one, other) => {
			const left = without(one.ranges(), other.ranges());
			const due = Array.from({ length: 80 }, (_, at) => at).filter((number) => one.has(number) && !other.has(number));
			expect(countOf(left)).toBe(due.length);
			const set = new SequenceSet(left);
			expect(due.every((number) => set.has(number))).toBe(true);
		}),
	);
});
