import * as fc from "fast-check";
import { expect, test } from "vitest";
import { unifiedDiff } from "./diff.ts";

test("a changed line stands between three lines of context", () => {
	const before = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].join("\n");
	expect(unifiedDiff(before, before.replace("e", "E"))).toBe("@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n");
});

/** Applies a diff the way `patch` does. */
function patch(before: string, diff: string): string {
	const from = before.split("\n");
	const out: string[] = [];
	let at = 0;
	for (const line of diff.split("\n").slice(0, -1)) {
		const hunk = /^@@ -(\d+),\d+ \+\d+,\d+ @@$/.exec(line);
		if (hunk) while (at < Number(hunk[1]) - 1) out.push(from[at++] as string);
		else if (line[0] === "+") out.push(line.slice(1));
		else {
			expect(from[at]).toBe(line.slice(1));
			if (line[0] === " ") out.push(from[at] as string);
			at++;
		}
	}
	return [...out, ...from.slice(at)].join("\n");
}

test("applying the diff to the former text gives the next", () => {
	const text = fc.array(fc.constantFrom("a", "b", "c", "d", ""), { maxLength: 40 }).map((lines) => lines.join("\n"));
	fc.assert(
		fc.property(text, text, (before, after) => {
			expect(patch(before, unifiedDiff(before, after))).toBe(after);
		}),
	);
});
