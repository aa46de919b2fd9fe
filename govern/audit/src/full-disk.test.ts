import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { throwAwayFolder } from "./audit-for-test.ts";
import { verifyAuditFile } from "./verify.ts";

// Windows has no limit on a process's file size to stand in for a full disk.
test.skipIf(process.platform === "win32")(
	"when the disk takes no more, callers hear it, what was acknowledged stays and the chain is whole",
	async () => {
		const file = join(throwAwayFolder(), "audit.jsonl");
		const limitKib = 100;
		const command = `ulimit -f ${limitKib}; exec "$0" "$@"`;
		const child = spawn(
			"bash",
			["-c", command, process.execPath, join(import.meta.dirname, "writer-for-test.ts"), file, "full"],
			{
				stdio: ["ignore", "pipe", "pipe"],
			},
		);
		let said = "";
		let complained = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			said += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			complained += text;
		});
		await new Promise((resolve) => child.on("close", resolve));
		expect(complained).toContain("audit.write-failed");
		const acknowledged = said.split("\n").slice(0, -1);
		const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
		const written = lines.map((line) => (JSON.parse(line) as { on: string }).on);
		expect(acknowledged.length).toBeGreaterThan(10);
		expect(acknowledged.filter((letter) => !written.includes(letter))).toEqual([]);
		expect(await verifyAuditFile(file)).toMatchObject({ whole: true, entries: lines.length });
		expect(statSync(file).size).toBeLessThanOrEqual(limitKib * 1024);
	},
);
