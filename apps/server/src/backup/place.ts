import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { lockName, syncFolder, writeDurably } from "@millwright/runtime";
import * as z from "zod";

/** Within the data folder, so that everything moves by renaming, also where the folder is a disk of its own. */
const stagingName = ".restoring";
const planName = "plan.json";

const Plan = z.object({
	/** Folder for what was there before; null where nothing was. */
	aside: z.string().nullable(),
	/** Names at the top of the data folder. */
	old: z.array(z.string()),
	fresh: z.array(z.string()),
});
type Plan = z.output<typeof Plan>;

/** Where a restored data folder is put together before anything in use is touched. */
export const stagingOf = (data: string): string => join(data, stagingName, "data");

/** What lies at the top of a data folder, but for what belongs to no single state of it. */
export async function contentOf(data: string): Promise<string[]> {
	const names = await readdir(data).catch(() => []);
	return names.filter((name) => !name.startsWith(lockName) && name !== stagingName && !name.startsWith("replaced-")).sort();
}

export async function beginStaging(data: string): Promise<string> {
	await rm(join(data, stagingName), { recursive: true, force: true });
	const staging = stagingOf(data);
	await mkdir(staging, { recursive: true, mode: 0o700 });
	return staging;
}

export const dropStaging = (data: string): Promise<void> => rm(join(data, stagingName), { recursive: true, force: true });

/** The staged state takes the place of the one that is there. From the plan on there is no way back, and every kill is survived. */
export async function place(data: string, aside: string): Promise<void> {
	const old = await contentOf(data);
	const plan: Plan = { aside: old.length > 0 ? aside : null, old, fresh: await readdir(stagingOf(data)) };
	await writeDurably(join(data, stagingName, `${planName}.new`), JSON.stringify(plan));
	await rename(join(data, stagingName, `${planName}.new`), join(data, stagingName, planName));
	await syncFolder(join(data, stagingName));
	await finishPlacing(data);
}

/** What a kill left half placed is finished; what was only being put together is thrown away. True when there was something to finish. */
export async function finishPlacing(data: string): Promise<boolean> {
	const staging = join(data, stagingName);
	if (!existsSync(staging)) return false;
	const text = await readFile(join(staging, planName), "utf8").catch(() => undefined);
	if (text === undefined) {
		await dropStaging(data);
		return false;
	}
	const { aside, old, fresh } = Plan.parse(JSON.parse(text));
	if (aside !== null) {
		await mkdir(join(data, aside), { recursive: true, mode: 0o700 });
		for (const name of old) {
			// Moved already, and what has the name now is the restored one.
			if (existsSync(join(data, aside, name)) || !existsSync(join(data, name))) continue;
			await rename(join(data, name), join(data, aside, name));
		}
		await syncFolder(join(data, aside));
	}
	for (const name of fresh)
		if (existsSync(join(stagingOf(data), name))) await rename(join(stagingOf(data), name), join(data, name));
	await syncFolder(data);
	await dropStaging(data);
	return true;
}
