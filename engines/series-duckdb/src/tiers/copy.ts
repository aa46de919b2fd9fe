import {
	constants,
	copyFileSync,
	existsSync,
	linkSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MillwrightError } from "@millwright/core";
import { DamagedSegment, openSegment } from "../parquet/segment-reader.ts";
import type { Moving } from "./mover.ts";
import { tables } from "./segments.ts";

/** Of the copy while it is attached; no file of ours has this name. */
const alias = "copy_being_written";
const databaseName = "history.duckdb";
const filesName = "history";
const listName = "copy.json";

interface Copy {
	format: 1;
	rows: number;
	files: { file: string; bytes: number }[];
}

/**
 * The table and what is known of numbers and files, read in one transaction; files never change, so that a second name
 * for the same bytes is a copy. Appends go on meanwhile.
 */
export async function copyTo(
	moving: Moving,
	{ folder, damaged }: { folder: string; damaged(found: DamagedSegment): void },
): Promise<{ rows: number; bytes: number }> {
	const { connection, segments, check, breathe } = moving;
	mkdirSync(folder, { recursive: true });
	if (readdirSync(folder).length > 0)
		throw new MillwrightError("series.copy-folder", "The folder for the copy holds something already", {
			kind: "conflict",
			hint: "Name a folder that is empty or not there yet.",
			place: folder,
		});
	const database = join(folder, databaseName);
	try {
		await connection.run(`ATTACH '${database.replaceAll("'", "''")}' AS ${alias}`);
		let rows: number;
		try {
			for (const table of Object.values(tables)) await connection.run(table(`${alias}.`));
			await connection.run("BEGIN");
			for (const table of Object.keys(tables)) {
				check();
				await connection.run(`INSERT INTO ${alias}.${table} FROM main.${table}`);
			}
			const counted = await connection.runAndReadAll(`SELECT count(*) FROM ${alias}.sample`);
			rows = Number(counted.value(0, 0));
			await connection.run("COMMIT");
		} finally {
			await connection.run("ROLLBACK").catch(() => {});
			await connection.run(`DETACH ${alias}`);
		}
		const copy: Copy = { format: 1, rows, files: [{ file: databaseName, bytes: statSync(database).size }] };
		for (const { file, bytes, rows: held } of segments.all) {
			check();
			const to = join(folder, filesName, file);
			mkdirSync(dirname(to), { recursive: true });
			if (!existsSync(segments.path(file))) {
				// The rest is worth a copy all the more.
				damaged(new DamagedSegment(segments.path(file), new Error("it is gone")));
				continue;
			}
			linkOrCopy(segments.path(file), to);
			copy.files.push({ file: join(filesName, file), bytes });
			copy.rows += held;
			await breathe();
		}
		await sync(database);
		// Written last: a copy without its list is none.
		writeFileSync(join(folder, listName), JSON.stringify(copy));
		await sync(join(folder, listName));
		return { rows: copy.rows, bytes: copy.files.reduce((sum, { bytes }) => sum + bytes, 0) };
	} catch (thrown) {
		for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
		throw thrown;
	}
}

/** Everything or nothing: the database comes last, and without it nothing else is looked at. */
export async function restoreFrom(from: string, to: { file: string; folder: string }): Promise<{ rows: number }> {
	if (existsSync(to.file))
		throw new MillwrightError("series.not-empty", "The history holds something already", {
			kind: "conflict",
			hint: "Restore into a new data folder, or move the old history away.",
			place: to.file,
		});
	const copy = readCopy(from);
	for (const { file, bytes } of copy.files)
		if (!existsSync(join(from, file)) || statSync(join(from, file)).size !== bytes)
			throw new MillwrightError("series.copy-damaged", `The copy lacks ${file}, or it has another size`, {
				kind: "input",
				place: from,
			});
	for (const { file } of copy.files.filter(({ file }) => file !== databaseName)) checkFile(join(from, file), from);
	rmSync(to.folder, { recursive: true, force: true });
	const partial = `${to.file}.restoring`;
	mkdirSync(dirname(to.file), { recursive: true });
	for (const { file } of copy.files) {
		const target = file === databaseName ? partial : join(to.folder, file.slice(filesName.length + 1));
		mkdirSync(dirname(target), { recursive: true });
		copyFileSync(join(from, file), target, constants.COPYFILE_FICLONE);
		await sync(target);
		await sync(dirname(target));
	}
	renameSync(partial, to.file);
	await sync(dirname(to.file));
	return { rows: copy.rows };
}

/** Its index names the sums of all blocks, which are checked whenever they are read. */
function checkFile(path: string, place: string): void {
	try {
		openSegment(path).close();
	} catch (cause) {
		throw new MillwrightError("series.copy-damaged", `A file of the copy cannot be read: ${(cause as Error).message}`, {
			kind: "input",
			hint: "Use another copy.",
			place,
			cause,
		});
	}
}

function readCopy(folder: string): Copy {
	try {
		const copy = JSON.parse(readFileSync(join(folder, listName), "utf8")) as Copy;
		if (copy.format === 1 && Array.isArray(copy.files)) return copy;
	} catch {
		// Told below.
	}
	throw new MillwrightError("series.no-copy", "This folder holds no copy of a history", {
		kind: "input",
		hint: "Name the folder that the copy was written to, whole.",
		place: folder,
	});
}

function linkOrCopy(from: string, to: string): void {
	try {
		linkSync(from, to);
	} catch {
		copyFileSync(from, to, constants.COPYFILE_FICLONE);
	}
}

async function sync(path: string): Promise<void> {
	const handle = await open(path, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
