import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LiveGroups } from "./live-groups.ts";

test("whatever is wanted and let go, the server is asked for all that is wanted and for less than as much again", () => {
	const step = fc.record({ tag: fc.integer({ min: 0, max: 11 }).map(String), want: fc.boolean(), settle: fc.boolean() });
	fc.assert(
		fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
			const groups = new LiveGroups();
			const server = new Map<number, string[]>();
			const counts = new Map<string, number>();
			const apply = (): void => {
				const change = groups.settle();
				for (const { id, tags } of change.subscribe) server.set(id, tags);
				for (const id of change.unsubscribe) server.delete(id);
			};
			for (const { tag, want, settle } of steps) {
				const count = counts.get(tag) ?? 0;
				if (want) {
					groups.want(tag);
					counts.set(tag, count + 1);
				} else if (count > 0) {
					groups.unwant(tag);
					counts.set(tag, count - 1);
				}
				if (settle) apply();
			}
			apply();
			const asked = [...server.values()].flat();
			const wanted = [...counts].filter(([, count]) => count > 0).map(([tag]) => tag);
			expect(new Set(asked).size).toBe(asked.length);
			for (const tag of wanted) expect(asked).toContain(tag);
			expect(asked.length).toBeLessThanOrEqual(wanted.length * 2);
		}),
	);
});

test("a new connection is asked for everything in one group", () => {
	const groups = new LiveGroups();
	groups.want("a");
	groups.settle();
	groups.want("b");
	groups.settle();
	expect(groups.restart().subscribe.map(({ tags }) => tags)).toEqual([["a", "b"]]);
});
