import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { KeptBackup } from "@millwright/platform/api";
import { type Manifest, readManifest } from "./manifest.ts";

const prefix = { manual: "backup", scheduled: "scheduled" } as const;
const named = /^(backup|scheduled)-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:-\d+)?$/;
const mostShown = 500;

/** "scheduled-2026-11-20T02-30-00": sorts by time, and any disk takes it. UTC. */
export const backupName = (kind: keyof typeof prefix, atMs: number): string =>
	`${prefix[kind]}-${new Date(atMs).toISOString().slice(0, 19).replaceAll(":", "-")}`;

export const bytesOf = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Whole backups in the backup folder, newest first. */
export async function keptIn(folder: string): Promise<KeptBackup[]> {
	const names = (await readdir(folder).catch(() => [])).filter((name) => named.test(name));
	const found: KeptBackup[] = [];
	for (const name of names.sort().reverse().slice(0, mostShown)) {
		const manifest = await readManifest(join(folder, name)).catch(() => undefined);
		if (!manifest) continue;
		const { kind, startedAt, until, version, files } = manifest;
		found.push({
			folder: join(folder, name),
			kind,
			at: startedAt,
			...(until === undefined ? {} : { until }),
			version,
			bytes: bytesOf(manifest),
			files: files.length,
		});
	}
	return found.sort((a, b) => b.at - a.at);
}

/** Removes scheduled backups beyond the newest `keep`, and what a crash left unfinished; never one made by hand. */
export async function tidyKept(folder: string, keep: number): Promise<string[]> {
	const names = (await readdir(folder).catch(() => [])).filter((name) => named.test(name) && name.startsWith(prefix.scheduled));
	const whole = (await keptIn(folder)).filter(({ kind }) => kind === "scheduled");
	const wanted = new Set(whole.slice(0, keep).map((one) => one.folder));
	const removed: string[] = [];
	for (const name of names) {
		const place = join(folder, name);
		if (wanted.has(place)) continue;
		await rm(place, { recursive: true, force: true });
		removed.push(place);
	}
	return removed;
}
