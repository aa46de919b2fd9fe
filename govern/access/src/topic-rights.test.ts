import { isFilter, matchesFilter } from "@millwright/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkFilters, covers, maySubscribeTo, mayUseTopic } from "./topic-rights.ts";

const topicLevel = fc.constantFrom("a", "b", "", "$sys");
const filterLevel = fc.constantFrom("a", "b", "", "+", "$sys");
const filter = fc
	.tuple(fc.array(filterLevel, { maxLength: 3 }), fc.boolean())
	.map(([levels, rest]) => [...levels, ...(rest || levels.length === 0 ? ["#"] : [])].join("/"))
	.filter(isFilter);

/** Every topic of up to five levels over the letters the filters use, and one they do not; the empty one counts as one level. */
const everyTopic: string[] = [];
for (let grown: string[][] = [[]], depth = 0; depth < 5; depth++) {
	grown = grown.flatMap((levels) =>
		["a", "b", "", "c", ...(levels.length === 0 ? ["$sys", "$other"] : ["$sys"])].map((level) => [...levels, level]),
	);
	everyTopic.push(...grown.map((levels) => levels.join("/")));
}

test("a filter covers another exactly when it matches every topic the other matches", () => {
	fc.assert(
		fc.property(filter, filter, (allowed, wanted) => {
			const escaped = everyTopic.find((topic) => matchesFilter(wanted, topic) && !matchesFilter(allowed, topic));
			expect({ allowed, wanted, covers: covers(allowed, wanted) }).toEqual({ allowed, wanted, covers: escaped === undefined });
		}),
		{ numRuns: 400 },
	);
});

test("a filter covers itself and every topic it matches", () => {
	fc.assert(
		fc.property(filter, fc.array(topicLevel, { minLength: 1, maxLength: 4 }), (allowed, levels) => {
			expect(covers(allowed, allowed)).toBe(true);
			const topic = levels.join("/");
			if (isFilter(topic)) expect(covers(allowed, topic)).toBe(matchesFilter(allowed, topic));
		}),
	);
});

test("wildcards do not widen what a client may subscribe to", () => {
	expect(maySubscribeTo(["udt/site/line-1/#"], "#")).toBe(false);
	expect(maySubscribeTo(["udt/site/line-1/#"], "udt/site/+/speed")).toBe(false);
	expect(maySubscribeTo(["udt/site/line-1/#"], "udt/site/line-1/+/speed")).toBe(true);
	expect(maySubscribeTo(["udt/site/line-1/#"], "udt/site/line-1")).toBe(true);
	expect(maySubscribeTo(["#"], "$SYS/#")).toBe(false);
	expect(maySubscribeTo([], "udt")).toBe(false);
});

test("a shared subscription is judged by the filter inside it", () => {
	expect(maySubscribeTo(["udt/a/#"], "$share/workers/udt/a/b")).toBe(true);
	expect(maySubscribeTo(["udt/a/#"], "$share/workers/udt/b")).toBe(false);
	expect(maySubscribeTo(["$share/#"], "$share/workers/udt/b")).toBe(false);
	expect(maySubscribeTo(["#"], "$share/workers")).toBe(false);
});

test("a topic may be used when one filter matches it", () => {
	expect(mayUseTopic(["udt/a/#", "udt/b/+"], "udt/b/speed")).toBe(true);
	expect(mayUseTopic(["udt/a/#", "udt/b/+"], "udt/b/speed/raw")).toBe(false);
});

test("what is not a filter is refused with its place", () => {
	expect(checkFilters(["a/#", "a/#", "+"], "topics.publish")).toEqual(["a/#", "+"]);
	for (const wrong of ["", "a/#/b", "a+/b", "$share/g/a", "x".repeat(513)])
		expect(() => checkFilters([wrong], "topics.publish")).toThrowError(
			expect.objectContaining({ code: "access.filter-invalid", place: "topics.publish" }),
		);
	expect(() =>
		checkFilters(
			Array.from({ length: 201 }, (_, i) => `a/${i}`),
			"topics.publish",
		),
	).toThrowError(expect.objectContaining({ code: "access.filters-too-many" }));
});
