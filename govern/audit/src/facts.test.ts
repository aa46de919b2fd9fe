import { expect, test } from "vitest";
import { person } from "./audit-for-test.ts";
import { factsOf, subjectOf } from "./facts.ts";

const record = (input: unknown) =>
	factsOf({ who: person, from: "cli", what: "a.b", input, why: "", outcome: "done", code: "" }, 1);

test("what it was done to is the first known key of the input", () => {
	expect(subjectOf({ name: "Press 1", id: "x", connection: "cnc-1" })).toBe("cnc-1");
	expect(subjectOf({ tag: "a/b", asset: "a" })).toBe("a");
	expect(subjectOf({ login: "ada", name: "Ada" })).toBe("ada");
	expect(subjectOf({ thumbprint: "AB:CD" })).toBe("AB:CD");
	expect(subjectOf({ id: 7 })).toBe("7");
	for (const none of [undefined, null, "text", {}, { id: {} }, { id: "" }, []]) expect(subjectOf(none)).toBe("");
});

test("an input over 64 KB becomes its beginning, size and hash; one just below stays whole", () => {
	const big = record({ id: "x", text: "y".repeat(70_000) });
	expect(big).toMatchObject({
		on: "x",
		input: { tooLong: true, bytes: 70_020, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
	});
	expect(JSON.stringify(big).length).toBeLessThan(3000);
	const below = { text: "y".repeat(65_000) };
	expect(record(below).input).toEqual(below);
});

test("a cyclic input, or one that cannot be written, is recorded as such", () => {
	const cyclic: Record<string, unknown> = { id: "x" };
	cyclic.self = cyclic;
	expect(JSON.stringify(record(cyclic).input)).toContain("deeper than 64 levels");
	expect(record({ when: new Date(Number.NaN) }).input).toEqual({ when: null });
	expect(
		record({
			toJSON() {
				throw new Error("no");
			},
		}).input,
	).toEqual({ unreadable: "Error: no" });
});

test("every text has a bound", () => {
	const long = "x".repeat(100_000);
	const facts = factsOf(
		{
			who: { ...person, id: long, name: long },
			from: long,
			what: long,
			input: { id: long },
			why: long,
			outcome: "failed",
			code: long,
		},
		1,
	);
	expect(JSON.stringify(facts).length).toBeLessThan(10_000);
});
