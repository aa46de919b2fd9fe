import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { KeptBackup } from "@millwright/platform/api";
import { type Manifest, manifestName, readManifest } from "./manifest.ts";

const prefix = { manual: "backup", scheduled: "scheduled" } as const;
const named = /^(backup|scheduled)-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:-\d+)?$/;
const mostShown = 500;

/** "scheduled-2026-11-20T02-30-00": sorts by time, and any disk takes it. UTC. */
export const backupName = (kind: keyof typeof prefix, atMs: number): string =>
	`${prefix[kind]}-${new Date(atMs).toISOString().slice(0, 19).replaceAll(":", "-")}`;

const bytesOf = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The backups of a folder; a manifest is read once, for as long as it is the same file. */
export function createKept() {
	const read = new Map<string, { mtimeMs: number; kept: KeptBackup }>();

	async function at(place: string): Promise<KeptBackup | undefined> {
		try {
			const { mtimeMs } = await stat(join(place, manifestName));
			const known = read.get(place);
			if (known?.mtimeMs === mtimeMs) return known.kept;
			const manifest = await readManifest(place);
			const { kind, startedAt, until, version, files } = manifest;
			const kept: KeptBackup = {
				folder: place,
				kind,
				at: startedAt,
				...(until === undefined ? {} : { until }),
				version,
				bytes: bytesOf(manifest),
				files: files.length,
			};
			if (read.size > 2 * mostShown) read.clear();
			read.set(place, { mtimeMs, kept });
			return kept;
		} catch {
			// Half made, half removed, or somebody else's.
			return undefined;
		}
	}

	/** Whole ones, newest first. */
	async function list(folder: string): Promise<KeptBackup[]> {
		const names = (await readdir(folder).catch(() => [])).filter((name) => named.test(name)).sort();
		const places = names
			.reverse()
			.slice(0, mostShown)
			.map((name) => join(folder, name));
		const found = (await Promise.all(places.map(at))).filter((kept) => kept !== undefined);
		return found.sort((a, b) => b.at - a.at);
	}

	return {
		list,
		/** Removes scheduled ones beyond the newest `keep`, and what a crash left unfinished; never one made by hand. */
		async tidy(folder: string, keep: number): Promise<string[]> {
			const names = (await readdir(folder).catch(() => [])).filter(
				(name) => named.test(name) && name.startsWith(prefix.scheduled),
			);
			const whole = (await list(folder)).filter(({ kind }) => kind === "scheduled");
			const wanted = new Set(whole.slice(0, keep).map((one) => one.folder));
			const removed: string[] = [];
			for (const name of names) {
				const place = join(folder, name);
				if (wanted.has(place)) continue;
				await rm(place, { recursive: true, force: true });
				removed.push(place);
			}
			return removed;
		},
	};
}
