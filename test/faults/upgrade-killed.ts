import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrations } from "../../apps/server/src/migrations.ts";
import { makeRecords, makeRing, rowsOf } from "../../apps/server/src/upgrade/fixtures-for-test.ts";
import { throwAwayFolder } from "../kit/platform.ts";
import { root } from "../kit/processes.ts";
import type { Outcome } from "./outcome.ts";
import { seeded } from "./seeded.ts";

const script = join(root, "apps/server/src/upgrade/upgrading-child-for-test.ts");
/** Of the upgrade that is under way; each has its own. */
const planOf = (data: string): string | undefined => {
	try {
		return readFileSync(join(data, "upgrade-under-way.json"), "utf8");
	} catch {
		return undefined;
	}
};

/** Upgrades a folder of the first release, again and again killed half-way: each next start undoes it, the last one does it. */
export async function upgradeKilled({ kills, seed }: { kills: number; seed: number }): Promise<Outcome> {
	const { folder: data, remove } = throwAwayFolder("upgrade-killed");
	const random = seeded(seed);
	let cutOff = 0;
	try {
		makeRecords(join(data, "records.sqlite"), migrations.slice(0, 1));
		mkdirSync(join(data, "sense"));
		makeRing(join(data, "sense", "ring.db"), 1);
		const before = rowsOf(join(data, "records.sqlite"));
		for (let kill = 0; kill < kills; kill++) {
			await upgradeOnce(data, random() * 200);
			if (planOf(data) !== undefined) cutOff++;
		}
		assert.ok(cutOff > 0, "an upgrade was cut off half-way");
		const said = JSON.parse(await upgradeOnce(data)) as { recovered?: boolean };
		assert.equal(planOf(data), undefined, "the upgrade is over");
		const after = rowsOf(join(data, "records.sqlite"));
		const lost = Object.entries(before).reduce((sum, [table, rows]) => sum + Math.max(0, rows - (after[table] ?? 0)), 0);
		const duplicated = Object.entries(before).reduce((sum, [table, rows]) => sum + Math.max(0, (after[table] ?? 0) - rows), 0);
		for (const file of ["records.sqlite", "sense/ring.db"]) {
			const db = new DatabaseSync(join(data, file), { readOnly: true });
			assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
			db.close();
		}
		return {
			lost,
			duplicated,
			reordered: 0,
			crashed: 0,
			figures: { kills, cutOff, recovered: said.recovered ? 1 : 0, tables: Object.keys(before).length },
		};
	} finally {
		remove();
	}
}

/** What it said at its end; killed so many ms after it began to change anything, or never. */
async function upgradeOnce(data: string, killAfterMs?: number): Promise<string> {
	const former = planOf(data);
	const child = spawn(process.execPath, [script, data], { stdio: ["ignore", "pipe", "inherit"] });
	let said = "";
	child.stdout.on("data", (text: Buffer) => {
		said += text.toString();
	});
	const over = new Promise<void>((resolve) => child.once("close", () => resolve()));
	if (killAfterMs !== undefined) {
		while (child.exitCode === null && (planOf(data) ?? former) === former) await new Promise((resolve) => setTimeout(resolve, 1));
		setTimeout(() => child.kill("SIGKILL"), killAfterMs);
	}
	await over;
	return said;
}
