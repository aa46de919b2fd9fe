import { existsSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { SeriesEngine } from "@millwright/core";
import { copySqlite, type Part, secretsIn } from "@millwright/runtime";
import { copyLines, copyLiveFolder } from "./files.ts";
import type { BackupStore } from "./take.ts";

/** Where the stores of a backup go in a data folder; those not named go into a folder of their own name. */
export const inRoot: readonly string[] = ["records", "audit", "tags", "platform"];

/**
 * Everything a data folder and its configuration hold, in the order in which it must be copied:
 * - the ring before the history: what the ring repeats the history has, and drops; nothing falls between them;
 * - records before the audit log: the index may know less than the log, never more;
 * - tag names last: every number that stands anywhere else has its name by then.
 */
export function storesOf({
	data,
	configFile,
	engine,
	records,
	parts,
}: {
	data: string;
	configFile: string;
	/** Started. */
	engine: Pick<SeriesEngine, "copyTo">;
	records: { backupTo(file: string): Promise<void> };
	/** Those that can copy themselves are asked to. */
	parts: readonly Pick<Part, "name" | "copyTo">[];
}): BackupStore[] {
	const own = new Set(["config", "sense", "history", "records", "audit", "tags", "platform"]);
	return [
		{ name: "config", title: "configuration", copyTo: (folder, signal) => copyConfig(configFile, folder, signal) },
		{
			name: "sense",
			title: "buffered values, numbers, trust and keys of connections",
			copyTo: (folder, signal) => copyLiveFolder(join(data, "sense"), folder, { signal }),
		},
		{
			name: "history",
			title: "history",
			async copyTo(folder, signal) {
				await engine.copyTo({ folder, signal });
			},
		},
		...parts
			.filter((part) => part.copyTo !== undefined && !own.has(part.name))
			.map((part): BackupStore => ({ name: part.name, title: part.name, copyTo: async (folder) => part.copyTo?.(folder) })),
		{
			name: "records",
			title: "people, keys and events",
			copyTo: (folder) => records.backupTo(join(folder, "records.sqlite")),
		},
		{
			name: "audit",
			title: "audit log",
			async copyTo(folder, signal) {
				for (const name of ["audit.jsonl", "audit.torn"]) await copyLines(join(data, name), join(folder, name), signal);
			},
		},
		{
			name: "tags",
			title: "tag names",
			copyTo: (folder, signal) => copySqlite({ from: join(data, "tags.sqlite"), to: join(folder, "tags.sqlite"), signal }),
		},
		{
			name: "platform",
			title: "name of the installation, growth of the disk",
			async copyTo(folder) {
				for (const name of ["installation-id", "growth.json"])
					if (existsSync(join(data, name))) await copyFile(join(data, name), join(folder, name));
			},
		},
	];
}

async function copyConfig(file: string, folder: string, signal: AbortSignal): Promise<void> {
	if (!existsSync(file)) return;
	await copyFile(file, join(folder, basename(file)));
	await copyLiveFolder(join(dirname(file), "config-history"), join(folder, "config-history"), { signal });
}

export const configPlace = (file: string, data: string): { file: string; inData: boolean } => {
	const within = relative(resolve(data), resolve(file));
	return { file: basename(file), inData: within === basename(file) };
};

/** What somebody who relies on the backup should know about the configuration in it. */
export async function configNotes(file: string): Promise<string[]> {
	const text = await readFile(file, "utf8").catch(() => "");
	const notes: string[] = [];
	const secrets = secretsIn(text);
	if (secrets.size > 0)
		notes.push(
			`${basename(file)} holds ${secrets.size === 1 ? "a secret" : `${secrets.size} secrets`} in plain text, and so does this backup; write \${env:NAME} instead`,
		);
	if (/\$\{env:[A-Za-z_]/.test(text)) notes.push("Secrets that come from the environment are not in it; note them elsewhere");
	const tls = /(?:cert|key|ca)File:\s*["']?([^"'\s#]+)/g;
	const outside = [...new Set([...text.matchAll(tls)].map(([, path]) => path as string))];
	if (outside.length > 0) notes.push(`Certificates and keys lie elsewhere and are not in it: ${outside.slice(0, 8).join(", ")}`);
	return notes;
}
