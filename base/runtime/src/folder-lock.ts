import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MillwrightError } from "@millwright/core";

/** The file whose lock says that a data folder is in use. It holds nothing and stays when the process ends. */
export const lockName = "in-use.lock";

export interface FolderLock {
	release(): void;
}

/**
 * One process a data folder. The lock is SQLite's on an empty file, so it is the operating system's: whatever ends the process ends
 * the lock, and no stale one is ever left behind.
 */
export function lockFolder(folder: string): FolderLock {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const place = join(folder, lockName);
	let db: DatabaseSync | undefined;
	try {
		db = new DatabaseSync(place, { timeout: 0 });
		// Nothing is ever written, so no journal is wanted beside it.
		db.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
	} catch (cause) {
		db?.close();
		const busy = ((cause as { errcode?: number }).errcode ?? 0) & 0xff;
		if (busy === 5 || busy === 6)
			throw new MillwrightError("runtime.folder-in-use", `Another Millwright uses ${folder}`, {
				kind: "conflict",
				hint: "Stop it first, or give another folder with --data.",
				place: folder,
				cause,
			});
		throw new MillwrightError("runtime.folder-not-locked", `${place} cannot be locked: ${(cause as Error).message}`, {
			kind: "outage",
			hint: "Check the rights and the free space of the folder.",
			place: folder,
			cause,
		});
	}
	let held: DatabaseSync | undefined = db;
	return {
		release() {
			held?.close();
			held = undefined;
		},
	};
}

/** Whether some process holds the folder now. */
export function isFolderInUse(folder: string): boolean {
	try {
		lockFolder(folder).release();
		return false;
	} catch (thrown) {
		if (thrown instanceof MillwrightError && thrown.code === "runtime.folder-in-use") return true;
		throw thrown;
	}
}
