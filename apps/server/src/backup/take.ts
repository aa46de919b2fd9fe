import { mkdir, readdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { asMillwrightError, type Clock, MillwrightError } from "@millwright/core";
import { syncFile, syncFolder } from "@millwright/runtime";
import { bytesBelow, filesBelow } from "./files.ts";
import { format, hashOf, type Manifest, manifestName, writeManifest } from "./manifest.ts";

/** One thing to be copied, into a folder of its own that is empty. */
export interface BackupStore {
	name: string;
	/** For people: "people, keys and events". */
	title: string;
	copyTo(folder: string, signal: AbortSignal): Promise<void>;
}

export type ManifestFacts = Omit<Manifest, "format" | "startedAt" | "endedAt" | "stores" | "files">;

export interface BackupProgress {
	step: string;
	stepsDone: number;
	steps: number;
	bytes: number;
}

/** Room that a backup leaves on the disk it goes to: it must never be what fills the plant's own. */
const reserveBytes = 256_000_000;
const reserveShare = 0.01;
const watchMs = 500;

/** What a caller lays into a folder outside the backup folder, and the server takes away again. */
export const markName = "millwright-backup-here.txt";

/** Bytes as `df` counts them: what is kept for the administrator is neither free nor part of the total. */
export const freeOf = async (folder: string): Promise<{ free: number; total: number }> => {
	const { bavail, bfree, blocks, bsize } = await statfs(folder);
	return { free: bavail * bsize, total: (blocks - bfree + bavail) * bsize };
};

/**
 * Copies the stores one after the other, in the order given, into a new or empty folder; checksums and manifest come last, so that
 * what has a manifest is whole. After any failure nothing of it stays.
 */
export async function takeBackup({
	folder,
	stores,
	facts,
	clock,
	signal,
	progress = () => {},
	room = freeOf,
}: {
	folder: string;
	stores: readonly BackupStore[];
	/** Asked for when everything is copied. */
	facts(): Promise<ManifestFacts>;
	clock: Clock;
	signal?: AbortSignal;
	progress?(now: BackupProgress): void;
	/** Of the disk a folder lies on. */
	room?(folder: string): Promise<{ free: number; total: number }>;
}): Promise<Manifest> {
	const startedAt = clock.nowMs();
	await makeEmpty(folder);
	const ending = new AbortController();
	const stop = () => ending.abort(signal?.reason);
	signal?.addEventListener("abort", stop, { once: true });
	if (signal?.aborted) stop();
	const watch = clock.every(watchMs, () => void look().catch(() => {}));
	const copied: Manifest["stores"] = [];
	let step = "";
	let bytes = 0;
	const say = () => progress({ step, stepsDone: copied.length, steps: stores.length, bytes });

	async function look(): Promise<void> {
		const { free, total } = await room(folder);
		if (free < Math.min(reserveBytes, total * 0.2) || free < total * reserveShare) ending.abort(diskFull(folder));
		bytes = Math.max(bytes, await bytesBelow(folder));
		say();
	}

	try {
		await look();
		for (const store of stores) {
			ending.signal.throwIfAborted();
			step = store.title;
			say();
			const begun = clock.monotonicMs();
			const place = join(folder, store.name);
			await mkdir(place, { mode: 0o700 });
			await store.copyTo(place, ending.signal);
			ending.signal.throwIfAborted();
			const own = await bytesBelow(place);
			copied.push({ name: store.name, title: store.title, bytes: own, tookMs: Math.round(clock.monotonicMs() - begun) });
		}
		step = "checksums";
		say();
		const files = await seal(folder, ending.signal);
		const manifest: Manifest = {
			format,
			...(await facts()),
			startedAt,
			endedAt: clock.nowMs(),
			stores: copied,
			files,
		};
		await writeManifest(folder, manifest);
		bytes = files.reduce((sum, file) => sum + file.bytes, 0);
		say();
		return manifest;
	} catch (thrown) {
		await clear(folder);
		throw ending.signal.aborted ? asMillwrightError(ending.signal.reason, "backup.cancelled") : failure(thrown, folder);
	} finally {
		watch.cancel();
		signal?.removeEventListener("abort", stop);
	}
}

async function makeEmpty(folder: string): Promise<void> {
	try {
		await mkdir(folder, { recursive: true, mode: 0o700 });
		const there = await readdir(folder);
		if (there.length === 0) return;
	} catch (cause) {
		throw new MillwrightError("backup.folder-unusable", `${folder} cannot be made: ${(cause as Error).message}`, {
			kind: "input",
			hint: "Choose a folder that the user Millwright runs as may write to.",
			place: folder,
			cause,
		});
	}
	throw new MillwrightError("backup.folder-not-empty", `${folder} is not empty`, {
		kind: "conflict",
		hint: "Choose a folder that does not exist yet; a backup never writes over anything.",
		place: folder,
	});
}

/** Every file hashed as it lies on the disk, and durable. */
async function seal(folder: string, signal: AbortSignal): Promise<Manifest["files"]> {
	const files: Manifest["files"] = [];
	const folders = new Set<string>([folder]);
	for (const path of await filesBelow(folder)) {
		signal.throwIfAborted();
		const file = join(folder, path);
		await syncFile(file);
		files.push({ path, ...(await hashOf(file, signal)) });
		for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) folders.add(join(folder, path.slice(0, at)));
	}
	for (const each of folders) await syncFolder(each);
	return files;
}

/** The folder itself stays: it may be a disk's own. */
async function clear(folder: string): Promise<void> {
	// The manifest first, so that what is half gone does not look whole.
	await rm(join(folder, manifestName), { force: true }).catch(() => {});
	for (const name of await readdir(folder).catch(() => []))
		await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
}

const diskFull = (folder: string): MillwrightError =>
	new MillwrightError("backup.disk-full", `There is not enough room at ${folder}; the half backup was removed`, {
		kind: "outage",
		hint: "Free some space, or take another disk: millwright backup --to FOLDER",
		place: folder,
	});

function failure(thrown: unknown, folder: string): MillwrightError {
	const { code } = thrown as { code?: string };
	const cause = (thrown as { cause?: { code?: string } }).cause?.code;
	const said = thrown instanceof Error ? thrown.message : String(thrown);
	if (
		[code, cause].some(
			(one) => one === "ENOSPC" || one === "EDQUOT" || one === "runtime.disk-full" || one === "records.disk-full",
		)
	)
		return diskFull(folder);
	if (/No space left|disk is full/i.test(said)) return diskFull(folder);
	if (thrown instanceof MillwrightError) return thrown;
	return new MillwrightError("backup.failed", `The backup failed: ${said}; the half backup was removed`, {
		kind: "outage",
		hint: "Check the disks of the data and of the backup: space, rights, the system's log.",
		place: folder,
		cause: thrown,
	});
}
