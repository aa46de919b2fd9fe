import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { syncFile, syncFolder, writeDurably } from "../durable-files.ts";
import { copySqlite } from "../sqlite-copy.ts";

export const snapshotsFolder = "before-upgrade";
const planFile = "upgrade-under-way.json";
const kept = 3;

const Plan = z.object({
	/** Below `before-upgrade`. */
	snapshot: z.string(),
	from: z.string(),
	to: z.string(),
	/** Within the data folder; those that did not exist are taken away again. */
	files: z.array(z.object({ path: z.string(), existed: z.boolean() })),
});
export type UpgradePlan = z.output<typeof Plan>;

/** Copies of the files as they are; afterwards an upgrade is known to be under way. Nothing is changed until it resolves. */
export async function takeSnapshot(
	data: string,
	{ name, from, to, files }: { name: string; from: string; to: string; files: readonly string[] },
): Promise<UpgradePlan> {
	const folder = join(data, snapshotsFolder, name);
	const plan: UpgradePlan = { snapshot: name, from, to, files: [] };
	try {
		for (const path of files) {
			const existed = existsSync(join(data, path));
			plan.files.push({ path, existed });
			if (!existed) continue;
			const copy = join(folder, path);
			await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
			if (/\.(?:db|sqlite)$/.test(path)) await copySqlite({ from: join(data, path), to: copy });
			else await copyFile(join(data, path), copy);
			await syncFile(copy);
			await syncFolder(dirname(copy));
		}
		await writePlan(data, plan);
	} catch (thrown) {
		await rm(folder, { recursive: true, force: true });
		throw thrown;
	}
	return plan;
}

async function writePlan(data: string, plan: UpgradePlan): Promise<void> {
	await writeDurably(join(data, `${planFile}.new`), JSON.stringify(plan));
	await rename(join(data, `${planFile}.new`), join(data, planFile));
	await syncFolder(data);
}

/** The upgrade that began and did not end; undefined where none did. */
export async function planUnderWay(data: string): Promise<UpgradePlan | undefined> {
	const text = await readFile(join(data, planFile), "utf8").catch(() => undefined);
	return text === undefined ? undefined : Plan.parse(JSON.parse(text));
}

/** Every file as it was. Can itself be killed and done again. */
export async function rollBack(data: string, plan: UpgradePlan): Promise<void> {
	for (const { path, existed } of plan.files) {
		const file = join(data, path);
		const copy = join(data, snapshotsFolder, plan.snapshot, path);
		if (existed) {
			await copyFile(copy, `${file}.rollback`);
			await syncFile(`${file}.rollback`);
		}
		// The log belongs to the file that goes: beside the former one it would damage it.
		for (const ending of ["-wal", "-shm", "-journal"]) await rm(file + ending, { force: true });
		if (existed) await rename(`${file}.rollback`, file);
		else await rm(file, { force: true });
		if (existsSync(dirname(file))) await syncFolder(dirname(file));
	}
	await endPlan(data);
}

export async function endPlan(data: string): Promise<void> {
	await rm(join(data, planFile), { force: true });
	await syncFolder(data);
}

/** The newest few stay, for whoever wants to go back by hand. */
export async function tidySnapshots(data: string): Promise<void> {
	const names = (await readdir(join(data, snapshotsFolder)).catch(() => [])).sort();
	for (const name of names.slice(0, Math.max(0, names.length - kept)))
		await rm(join(data, snapshotsFolder, name), { recursive: true, force: true });
}
