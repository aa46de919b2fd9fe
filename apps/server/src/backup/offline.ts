import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Log, MillwrightError, msFromNanos } from "@millwright/core";
import { historySection } from "@millwright/history";
import { copySqlite, createLog, lockFolder, openConfig, type Part, readSchemas } from "@millwright/runtime";
import { enginesSection } from "../engine-settings.ts";
import { createSeries } from "../history-engine.ts";
import { createRecords } from "../record-engine.ts";
import { sections } from "../sections.ts";
import { copyLiveFolder, isInside } from "./files.ts";
import type { Manifest } from "./manifest.ts";
import { finishPlacing } from "./place.ts";
import { configNotes, configPlace, storesOf } from "./stores.ts";
import { type BackupProgress, takeBackup } from "./take.ts";

/** Of a data folder that nobody has open: not copied, or copied by a store of its own. */
const known = new Set(["sense", "config-history", "temporary", "uploads", "import", "before-upgrade", "plant", "history"]);

/** The same backup as a running platform makes, of a stopped one. */
export async function backupOffline({
	data,
	configFile,
	to,
	version,
	clock,
	log = createLog({ level: "warn" }),
	progress,
}: {
	data: string;
	configFile: string;
	to: string;
	version: string;
	clock: Clock;
	log?: Log;
	progress?(now: BackupProgress): void;
}): Promise<Manifest> {
	if (!existsSync(join(data, "records.sqlite")) && !existsSync(join(data, "tags.sqlite")))
		throw new MillwrightError("backup.no-data", `${data} is no data folder`, {
			kind: "input",
			hint: "Name the folder that the platform was started with: --data FOLDER",
			place: data,
		});
	if (isInside(to, data))
		throw new MillwrightError("backup.inside", "A backup cannot lie in the folder that it is made of", {
			kind: "input",
			hint: "Choose a place outside the data folder, best on another disk.",
			place: to,
		});
	const lock = lockFolder(data);
	try {
		await finishPlacing(data);
		const config = await openConfig({ file: configFile, sections, log, clock });
		const engines = config.get(enginesSection);
		const engine = createSeries({ data, settings: config.get(historySection), engines, clock, log });
		await engine.start();
		try {
			const { rows, newest } = await engine.figures();
			return await takeBackup({
				folder: to,
				stores: storesOf({
					data,
					configFile,
					engine,
					records: { backupTo: (file) => copyRecords(file, { data, engines, clock, log }) },
					parts: await restingParts(data),
				}),
				facts: async () => ({
					version,
					kind: "manual",
					...(newest === undefined ? {} : { until: msFromNanos(newest) }),
					rows,
					engines: { series: engines.series.kind, records: engines.records.kind },
					schemas: await readSchemas(data),
					config: configPlace(configFile, data),
					notes: await configNotes(configFile),
				}),
				clock,
				...(progress ? { progress } : {}),
			});
		} finally {
			await engine.stop();
		}
	} finally {
		lock.release();
	}
}

/** Without bringing them up to date: a backup shows what is there. */
async function copyRecords(file: string, about: Parameters<typeof createRecords>[0]): Promise<void> {
	if (about.engines.records.kind === "sqlite") return copySqlite({ from: join(about.data, "records.sqlite"), to: file });
	const records = createRecords(about);
	await records.part.start();
	await records.backupTo(file).finally(() => records.close());
}

/** Other parts' folders, each under the part's name. */
async function restingParts(data: string): Promise<Pick<Part, "name" | "copyTo">[]> {
	const entries = await readdir(data, { withFileTypes: true });
	return entries
		.filter((entry) => entry.isDirectory() && !known.has(entry.name) && !/^(?:\.|replaced-)/.test(entry.name))
		.map(({ name }) => ({ name, copyTo: (folder) => copyLiveFolder(join(data, name), folder) }));
}
