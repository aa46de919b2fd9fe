import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { migrations } from "../migrations.ts";
import { makeRecords, makeRing, rowsOf } from "./fixtures-for-test.ts";

const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(() => {
	for (const child of children.splice(0)) child.kill("SIGKILL");
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const script = fileURLToPath(new URL("./upgrading-child-for-test.ts", import.meta.url));

/** Of the upgrade that is under way; each has its own. */
function plan(data: string): string | undefined {
	try {
		return readFileSync(join(data, "upgrade-under-way.json"), "utf8");
	} catch {
		return undefined;
	}
}

/** What it said at its end; killed so many ms after it began to change anything, or never. */
async function upgradeOnce(data: string, killAfterMs?: number): Promise<string> {
	const former = plan(data);
	const child = spawn(process.execPath, [script, data], { stdio: ["ignore", "pipe", "inherit"] });
	children.push(child);
	let said = "";
	child.stdout.on("data", (text: Buffer) => {
		said += text.toString();
	});
	const over = new Promise<void>((resolve) => child.once("close", () => resolve()));
	if (killAfterMs !== undefined) {
		while (child.exitCode === null && (plan(data) ?? former) === former) await new Promise((resolve) => setTimeout(resolve, 1));
		setTimeout(() => child.kill("SIGKILL"), killAfterMs);
	}
	await over;
	return said;
}

test("an upgrade that is killed at any moment is undone and done by the next start, and no row is missing", async () => {
	const data = mkdtempSync(join(tmpdir(), "upgrade-kill-"));
	folders.push(data);
	makeRecords(join(data, "records.sqlite"), migrations.slice(0, 1));
	mkdirSync(join(data, "sense"));
	makeRing(join(data, "sense", "ring.db"), 1);
	const before = rowsOf(join(data, "records.sqlite"));
	let cutOff = 0;
	for (const killAfterMs of [0, 15, 60, 150]) {
		await upgradeOnce(data, killAfterMs);
		if (plan(data) !== undefined) cutOff++;
	}
	expect(cutOff).toBeGreaterThan(0);
	const recovered = plan(data) !== undefined;
	expect(JSON.parse(await upgradeOnce(data))).toMatchObject({ recovered });
	expect(rowsOf(join(data, "records.sqlite"))).toMatchObject({ ...before, heavy_numbers: 300_000 });
	for (const file of ["records.sqlite", "sense/ring.db"]) {
		const db = new DatabaseSync(join(data, file), { readOnly: true });
		expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
		db.close();
	}
	expect(plan(data)).toBeUndefined();
}, 60_000);
