import fc from "fast-check";
import { expect, test } from "vitest";
import { createRepeats, type Mark, type Repeatable } from "./repeats.ts";

const one = (over: Partial<Repeatable> = {}): Repeatable => ({
	tag: 1,
	high: 400_000_000,
	low: 5,
	sequence: 7,
	value: 1.5,
	text: undefined,
	quality: 0,
	...over,
});

test("the same document is new once; any difference makes another one", () => {
	const repeats = createRepeats({ most: 100 });
	const others = [
		{},
		{ tag: 2 },
		{ high: 1 },
		{ low: 6 },
		{ sequence: 8 },
		{ sequence: undefined },
		{ value: 1.6 },
		{ quality: 64 },
		{ text: "x" },
	];
	for (const over of others) expect(repeats.note(one(over))).toBeDefined();
	for (const over of others) expect(repeats.note(one(over))).toBeUndefined();
	expect(repeats.note(one({ sequence: 7 + 2 ** 32 }))).toBeDefined();
});

test("what was forgotten is new again", () => {
	const repeats = createRepeats({ most: 100 });
	const mark = { ...(repeats.note(one()) as Mark) };
	repeats.note(one({ low: 6 }));
	repeats.forget(mark);
	expect(repeats.note(one({ low: 6 }))).toBeUndefined();
	expect(repeats.note(one())).toBeDefined();
	expect(repeats.note(one())).toBeUndefined();
});

test("the last so many are remembered, whatever they are, and no document is taken for another", () => {
	fc.assert(
		fc.property(fc.array(fc.nat({ max: 300 }), { maxLength: 500 }), (lows) => {
			const repeats = createRepeats({ most: 400 });
			const seen = new Set<number>();
			for (const low of lows) {
				expect(repeats.note(one({ low })) === undefined).toBe(seen.has(low));
				seen.add(low);
			}
		}),
	);
});

test("a flood forgets the oldest only, and stays in its bounds", () => {
	const repeats = createRepeats({ most: 1000 });
	for (let low = 0; low < 10_000; low++) repeats.note(one({ low }));
	for (let low = 9000; low < 10_000; low++) expect(repeats.note(one({ low }))).toBeUndefined();
	expect(repeats.note(one({ low: 0 }))).toBeDefined();
});
