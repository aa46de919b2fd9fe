import { expect, test } from "vitest";
import { createLog, createLogMemory } from "./log.ts";

test("the newest lines of a log are remembered as JSON, in bounded memory, whatever the terminal shows", () => {
	const memory = createLogMemory({ bytes: 10_000, longestLine: 500 });
	const shown: string[] = [];
	const log = createLog({ pretty: true, destination: { write: (line) => shown.push(line) }, memory });
	for (let i = 0; i < 5000; i++) log.part("ring").info("line", { i, password: "never" });
	log.warn("long", { text: "x".repeat(2000) });
	const lines = memory.lines();
	expect(shown).toHaveLength(5001);
	expect(lines.join("").length).toBeLessThanOrEqual(10_000);
	expect(lines.at(-1)).toHaveLength(501);
	expect(JSON.parse(lines.at(-2) as string)).toMatchObject({ part: "ring", i: 4999, password: "[secret]" });
	expect(lines.length).toBeGreaterThan(50);
});
