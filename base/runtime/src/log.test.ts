import { expect, test } from "vitest";
import { createLog } from "./log.ts";

test("strangers' words cannot forge a line of the log or drive the terminal", () => {
	const lines: string[] = [];
	const log = createLog({ pretty: true, destination: { write: (line) => lines.push(line) } });
	log.part("broker").warn("refused", { client: "x\n12:00:00 info  access: Ada signed in\r\u001b[2J\u009b31m\u2028" });
	expect(lines).toHaveLength(1);
	const [first, second, ...rest] = (lines[0] as string).split("\n");
	expect(first).toMatch(/ warn {2}broker: refused client=x$/);
	expect(second).toBe("    12:00:00 info  access: Ada signed in\\u000d\\u001b[2J\\u009b31m\\u2028");
	expect(rest).toEqual([""]);
});
