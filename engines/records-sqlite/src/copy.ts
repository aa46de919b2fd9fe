import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { MillwrightError } from "@millwright/core";
import { asRecordsError } from "./failure.ts";

/** A whole, compact copy of the database under its final name, or nothing: written aside, fsynced, then renamed. */
export function copyTo(sqlite: DatabaseSync, file: string): void {
	if (existsSync(file))
		throw new MillwrightError("records.copy-exists", "A file of that name exists already", {
			kind: "conflict",
			place: file,
			hint: "Choose another name, or move the file away.",
		});
	const part = `${file}.part`;
	try {
		rmSync(part, { force: true });
		sqlite.prepare("VACUUM INTO ?").run(part);
		sync(part);
		renameSync(part, file);
		sync(dirname(file));
	} catch (thrown) {
		rmSync(part, { force: true });
		throw asRecordsError(thrown, file);
	}
}

function sync(path: string): void {
	// Windows cannot open a folder, nor fsync a file opened for reading.
	if (process.platform === "win32") return;
	const handle = openSync(path, "r");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}
