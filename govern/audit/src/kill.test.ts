import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { silentLog } from "@millwright/runtime";
import { expect, test } from "vitest";
import { createAuditFile } from "./audit-file.ts";
import { throwAwayFolder } from "./audit-for-test.ts";
import { verifyAuditFile } from "./verify.ts";

/** Runs a writer until it has acknowledged so many entries, then kills it; what it said by then. */
async function writeAndKill(file: string, name: string, entries: number): Promise<string[]> {
	const child = spawn(process.execPath, [join(import.meta.dirname, "writer-for-test.ts"), file, name], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	let said = "";
	child.stdout.setEncoding("utf8");
	child.stdout.on("data", (text: string) => {
		said += text;
		if (said.split("\n").length > entries) child.kill("SIGKILL");
	});
	await new Promise((resolve) => child.on("close", resolve));
	// What follows the last newline may be half a letter.
	return said.split("\n").slice(0, -1);
}

test("every acknowledged entry survives kill -9, and the chain is whole over ten such ends", async () => {
	const file = join(throwAwayFolder(), "audit.jsonl");
	const acknowledged: string[] = [];
	for (let round = 0; round < 10; round++) acknowledged.push(...(await writeAndKill(file, `r${round}`, 40 + round * 23)));
	const chain = createAuditFile({ file, log: silentLog, onDurable: () => undefined });
	await chain.open(undefined);
	await chain.close();
	const written = new Set(
		readFileSync(file, "utf8")
			.split("\n")
			.slice(0, -1)
			.map((line) => (JSON.parse(line) as { on: string }).on),
	);
	expect(acknowledged.length).toBeGreaterThan(1000);
	expect(acknowledged.filter((letter) => !written.has(letter))).toEqual([]);
	expect(await verifyAuditFile(file)).toMatchObject({ whole: true, entries: written.size });
}, 60_000);
