import { matchesFilter } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileFilters } from "./compiled-filters.ts";

const level = fc.constantFrom("a", "b", "line-1", "$x", "");
const name = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join("/"));
const filter = fc
	.tuple(fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.boolean())
	.map(([levels, rest]) => (rest ? [...levels, "#"] : levels).join("/"));

test("compiled filters answer as each filter by itself does", () => {
	fc.assert(
		fc.property(fc.array(filter, { maxLength: 4 }), name, (filters, tag) => {
			expect(compileFilters(filters)(tag)).toBe(filters.some((one) => matchesFilter(one, tag)));
		}),
		{ numRuns: 2000 },
	);
});
