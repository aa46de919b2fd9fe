import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Clock, type Log, MillwrightError } from "@millwright/core";
import { historySection } from "@millwright/history";
import { isGatewayConnection } from "@millwright/namespace";
import { checkNotNewer, createLog, lockFolder, openConfig, syncFile, syncFolder } from "@millwright/runtime";
import { raiseNumbers } from "@millwright/sense";
import { enginesSection } from "../engine-settings.ts";
import { createSeries } from "../history-engine.ts";
import { sections } from "../sections.ts";
import { upgradeStores } from "../upgrade/stores.ts";
import { filesBelow, isInside } from "./files.ts";
import { type Manifest, notABackup } from "./manifest.ts";
import { beginStaging, contentOf, dropStaging, finishPlacing, place } from "./place.ts";
import { inRoot } from "./stores.ts";
import { verifyBackup } from "./verify.ts";

export interface Restored {
	manifest: Manifest;
	/** The former state; undefined where there was none. */
	aside: string | undefined;
	/** Where the configuration is now, and whether it was put there. */
	config: { file: string; how: "in the data folder" | "written" | "the same already" | "beside yours" };
	rows: number;
}

/**
 * Puts a backup in the place of a data folder's state. Everything is checked and put together beside it first; whatever fails until
 * then leaves the folder as it was, and a kill later is finished by the next start.
 */
export async function restoreBackup({
	from,
	data,
	configFile,
	replace = false,
	clock,
	log = createLog({ level: "warn" }),
	progress = () => {},
}: {
	from: string;
	data: string;
	/** Where the configuration goes that did not lie in the data folder. */
	configFile: string;
	replace?: boolean;
	clock: Clock;
	log?: Log;
	progress?(step: string): void;
}): Promise<Restored> {
	refuseInside(from, data);
	const lock = lockFolder(data);
	try {
		await finishPlacing(data);
		if (!replace && (await contentOf(data)).length > 0)
			throw new MillwrightError("backup.data-not-empty", `${data} is not empty`, {
				kind: "conflict",
				hint: "Give another folder with --data, or --replace to move what is there aside.",
				place: data,
			});
		progress("checking every file");
		const manifest = await verifyBackup(from);
		checkNotNewer(manifest.schemas, { version: manifest.version, place: from, stores: upgradeStores({ log }) });
		const staging = await beginStaging(data);
		try {
			progress("copying");
			const config = await stageFiles(from, staging, manifest, configFile);
			progress("filling the history");
			const rows = await stageHistory({ from, staging, settings: config.staged, clock, log });
			await settle(staging);
			progress("putting it in place");
			const aside = `replaced-${new Date(clock.nowMs()).toISOString().slice(0, 19).replaceAll(":", "-")}`;
			await place(data, aside);
			return {
				manifest,
				aside: existsSync(join(data, aside)) ? join(data, aside) : undefined,
				config: await placeConfig(from, data, manifest, configFile),
				rows,
			};
		} catch (thrown) {
			await dropUnlessPlaced(data);
			throw failure(thrown, data);
		}
	} finally {
		lock.release();
	}
}

function failure(thrown: unknown, data: string): MillwrightError {
	if (thrown instanceof MillwrightError) return thrown;
	const isFull = ["ENOSPC", "EDQUOT"].includes((thrown as { code?: string }).code ?? "");
	return new MillwrightError(
		isFull ? "backup.disk-full" : "backup.restore-failed",
		isFull ? `There is not enough room in ${data}; nothing was changed` : `The restore failed: ${String(thrown)}`,
		{
			kind: "outage",
			hint: isFull
				? "Free some space: what is there and what is restored must both fit, or remove what is there yourself first."
				: "Until everything was put together nothing was changed. Run it again; what was half placed is finished first.",
			place: data,
			cause: thrown,
		},
	);
}

function refuseInside(from: string, data: string): void {
	if (isInside(from, data) || isInside(data, from))
		throw new MillwrightError("backup.inside", "The backup and the data folder lie in each other", {
			kind: "input",
			hint: "Move the backup to a folder of its own first.",
		});
}

/** Everything but the history; answers with the configuration that says how the history is kept. */
async function stageFiles(from: string, staging: string, manifest: Manifest, configFile: string): Promise<{ staged: string }> {
	for (const { path } of manifest.files) {
		const [store = "", ...rest] = path.split("/");
		if (store === "history" || rest.length === 0) continue;
		if (store === "config" && !manifest.config.inData) continue;
		const target = store === "config" || inRoot.includes(store) ? join(staging, ...rest) : join(staging, path);
		await mkdir(dirname(target), { recursive: true, mode: 0o700 });
		await copyFile(join(from, path), target);
	}
	const own = join(from, "config", manifest.config.file);
	if (existsSync(own)) return { staged: own };
	if (existsSync(configFile)) return { staged: configFile };
	throw notABackup(from, "it has no configuration");
}

/** The copy becomes a history again, which is opened to see that it can be, and to learn which numbers it knows. */
async function stageHistory({
	from,
	staging,
	settings,
	clock,
	log,
}: {
	from: string;
	staging: string;
	settings: string;
	clock: Clock;
	log: Log;
}): Promise<number> {
	const config = await openConfig({ file: settings, sections, log, clock });
	const engine = createSeries({
		data: staging,
		settings: config.get(historySection),
		engines: config.get(enginesSection),
		clock,
		log,
	});
	const { rows } = await engine.restoreFrom({ folder: join(from, "history") });
	await engine.start();
	const above: Record<string, number> = {};
	try {
		for (const known of engine.connections()) {
			// A gateway gives its own numbers, and knows how far it is.
			if (isGatewayConnection(known)) continue;
			const connection = known.replace(/^twin:/, "");
			above[connection] = Math.max(above[connection] ?? -1, engine.storedRanges(known).at(-1)?.last ?? -1);
		}
	} finally {
		await engine.stop();
	}
	await rm(join(staging, "temporary"), { recursive: true, force: true });
	raiseNumbers({ dataFolder: staging, above });
	return rows;
}

/** On the disk before anything is moved. */
async function settle(staging: string): Promise<void> {
	const folders = new Set([staging]);
	for (const path of await filesBelow(staging)) {
		await syncFile(join(staging, path));
		folders.add(dirname(join(staging, path)));
	}
	for (const folder of folders) await syncFolder(folder);
}

async function dropUnlessPlaced(data: string): Promise<void> {
	if (!existsSync(join(data, ".restoring", "plan.json"))) await dropStaging(data).catch(() => {});
}

/** Never over a configuration that says something else. */
async function placeConfig(from: string, data: string, manifest: Manifest, configFile: string): Promise<Restored["config"]> {
	const { file, inData } = manifest.config;
	if (inData) return { file: join(data, file), how: "in the data folder" };
	const own = join(from, "config", file);
	const there = await readFile(configFile, "utf8").catch(() => undefined);
	const given = await readFile(own, "utf8");
	if (there === given) return { file: configFile, how: "the same already" };
	const target = there === undefined ? configFile : `${configFile}.from-backup`;
	await mkdir(dirname(resolve(target)), { recursive: true });
	await copyFile(own, target);
	const former = join(dirname(resolve(configFile)), "config-history");
	const kept = join(from, "config", "config-history");
	if (there === undefined && existsSync(kept) && !existsSync(former)) await cp(kept, former, { recursive: true });
	return { file: target, how: there === undefined ? "written" : "beside yours" };
}
