import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { MillwrightError } from "@millwright/core";
import { adoptProgress, compactProgress, readProgress } from "./progress.ts";
import type { Opened, StoreOptions } from "./protocol.ts";
import { countByHour, createHotHours, type HotHours } from "./tiers/hot-rows.ts";
import { adoptSegments, createSegments, readSegments, type Segments, tables } from "./tiers/segments.ts";

/** An open database file and what it held. */
export interface Store {
	instance: DuckDBInstance;
	writer: DuckDBConnection;
	opened: Opened;
	segments: Segments;
	hours: HotHours;
	close(): void;
}

/** What a file that cannot be read says of itself; anything else (disk full, rights, a lock) is not the file's fault. */
const damage =
	/not a valid DuckDB|WAL|checksum|corrupt|deserializ|serializ|version number|INTERNAL Error|Catalog Error|Failed to load metadata|FATAL|out of range|Could not read enough bytes/i;
const blameless = /Could not set lock|No space left|Permission denied|Too many open files|Out of Memory|Read-only file system/i;

/** Opens the file; what cannot be read is moved aside, first the log of late changes, then all, so that the plant goes on being recorded. */
export async function openStore(options: StoreOptions, { quarantine }: { quarantine: boolean }): Promise<Store> {
	mkdirSync(dirname(options.file), { recursive: true });
	mkdirSync(options.temporaryFolder, { recursive: true });
	const moved: string[] = [];
	let reason = "";
	const log = `${options.file}.wal`;
	if (quarantine && existsSync(log) && !isLog(log)) {
		reason = "the log of late changes is not one";
		moved.push(moveAside(log));
	}
	// A file that takes the whole process down when it is opened can say nothing; the count of openings that never ended does.
	const openings = quarantine ? countOpening(options.file) : 0;
	if (openings > mostOpenings) {
		reason ||= `the process died ${openings - 1} times while opening it`;
		const suspect = existsSync(log) ? log : options.file;
		if (existsSync(suspect)) moved.push(moveAside(suspect));
	}
	for (;;) {
		try {
			const lost = moved.length === 0 ? "nothing" : moved.every((name) => name.startsWith(log)) ? "log" : "all";
			const store = await openOnce(options, lost);
			forgetOpening(options.file);
			if (moved.length > 0) store.opened.quarantined = { files: moved, reason };
			return store;
		} catch (thrown) {
			const said = thrown instanceof Error ? thrown.message : String(thrown);
			if (/Could not set lock|Conflicting lock/i.test(said)) {
				forgetOpening(options.file);
				throw new MillwrightError("series.file-in-use", `Another process has the history file open: ${firstLine(said)}`, {
					kind: "conflict",
					hint: "Stop the other Millwright process, or give this one its own data folder.",
					place: options.file,
					cause: thrown,
				});
			}
			const next = existsSync(log) ? log : existsSync(options.file) ? options.file : undefined;
			if (!quarantine || blameless.test(said) || !damage.test(said) || next === undefined || moved.length >= 4) {
				forgetOpening(options.file);
				throw new MillwrightError("series.open-failed", `The history file cannot be opened: ${firstLine(said)}`, {
					kind: "outage",
					hint: "Look at the disk: space, rights, file system.",
					place: options.file,
					cause: thrown,
				});
			}
			reason ||= firstLine(said);
			moved.push(moveAside(next));
		}
	}
}

/** Kills by people and faults happen while opening too; so many in a row do not. */
const mostOpenings = 5;
const openingFile = (file: string) => `${file}.opening`;

function countOpening(file: string): number {
	const marker = openingFile(file);
	const count = (existsSync(marker) ? Number.parseInt(readFileSync(marker, "utf8"), 10) || 0 : 0) + 1;
	writeFileSync(marker, String(count));
	return count;
}
const forgetOpening = (file: string) => rmSync(openingFile(file), { force: true });

/** DuckDB's log begins with its version entry; what does not is passed over by DuckDB without a word. A beginning cut short is one. */
const logBegins = Buffer.from([0x64, 0x00, 0x62, 0x65, 0x00]);
function isLog(path: string): boolean {
	const file = openSync(path, "r");
	try {
		const head = Buffer.alloc(logBegins.length);
		const read = readSync(file, head, 0, head.length, 0);
		return head.subarray(0, read).equals(logBegins.subarray(0, read));
	} finally {
		closeSync(file);
	}
}

const firstLine = (text: string): string => (text.split("\n")[0] as string).slice(0, 300);

function moveAside(file: string): string {
	const stamp = new Date().toISOString().replace(/[:.]/g, "-");
	const to = `${file}.damaged-${stamp}`;
	renameSync(file, to);
	return to;
}

/** `lost`: what was moved aside before; files may then hold what the database no longer knows. */
async function openOnce(options: StoreOptions, lost: "nothing" | "log" | "all"): Promise<Store> {
	const instance = await DuckDBInstance.create(options.file, {
		threads: String(options.threads),
		memory_limit: `${options.memoryMb}MB`,
		temp_directory: options.temporaryFolder,
		autoinstall_known_extensions: "false",
		autoload_known_extensions: "false",
	});
	try {
		const writer = await instance.connect();
		for (const table of Object.values(tables)) await writer.run(table());
		if (lost === "all") {
			await adoptSegments(writer, options.folder);
			await adoptProgress(writer, options.folder);
		}
		const progress = await readProgress(writer);
		await compactProgress(writer, progress);
		const segments = createSegments({ folder: options.folder, known: await readSegments(writer) });
		segments.sweep({ keep: lost !== "nothing" });
		const hours = createHotHours(await countByHour(writer));
		return {
			instance,
			writer,
			segments,
			hours,
			opened: {
				progress: [...progress].map(([name, set]) => [name, set.ranges()]),
				quarantined: undefined,
				missing: segments.damaged.map(({ day, rows, file }) => ({ day, rows, file })),
			},
			close() {
				segments.close();
				writer.closeSync();
				instance.closeSync();
			},
		};
	} catch (thrown) {
		instance.closeSync();
		throw thrown;
	}
}
