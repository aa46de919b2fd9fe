import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MillwrightError } from "@millwright/core";
import { syncFolder, writeDurably } from "@millwright/runtime";
import * as z from "zod";

export const manifestName = "manifest.json";
/** As `sha256sum -c` reads it, so that a backup can be checked where there is no Millwright. */
export const sumsName = "SHA256SUMS";
export const format = 1;

/** Inside the backup: no way out of it, no surprise on any system. */
const InnerPath = z
	.string()
	.min(1)
	.max(500)
	.refine((path) => !/^[/\\]|[\\:\n\r]|\p{Cc}/u.test(path) && !path.split("/").some((step) => ["", ".", ".."].includes(step)), {
		error: "leads out of the backup",
	});

export const Manifest = z.object({
	format: z.int(),
	/** Version of the product that made it. */
	version: z.string(),
	kind: z.enum(["manual", "scheduled"]),
	startedAt: z.int(),
	endedAt: z.int(),
	/** Source time of the newest sample, ms since 1970; missing where there is none. */
	until: z.number().optional(),
	/** Samples in the history. */
	rows: z.int(),
	engines: z.object({ series: z.string(), records: z.string() }),
	/** What each store's schema was: numbers, and for the records the migrations that had run. */
	schemas: z.record(z.string(), z.union([z.int(), z.array(z.string())])),
	/** Name of the configuration file, and whether it lay in the data folder. */
	config: z.object({ file: z.string(), inData: z.boolean() }),
	stores: z.array(z.object({ name: z.string(), title: z.string(), bytes: z.number(), tookMs: z.number() })),
	files: z.array(z.object({ path: InnerPath, bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
	notes: z.array(z.string()),
});
export type Manifest = z.output<typeof Manifest>;

const text = (manifest: Manifest): string => `${JSON.stringify(manifest, null, "\t")}\n`;
const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The manifest last: what has none is no backup. Durable before it returns. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
	const written = text(manifest);
	const sums = [...manifest.files, { path: manifestName, sha256: sha256(written) }];
	await writeDurably(join(folder, sumsName), sums.map((file) => `${file.sha256}  ${file.path}\n`).join(""));
	await writeDurably(join(folder, manifestName), written);
	await syncFolder(folder);
}

export const notABackup = (folder: string, why: string): MillwrightError =>
	new MillwrightError("backup.not-whole", `${folder} is no whole backup: ${why}`, {
		kind: "input",
		hint: "Take an earlier backup, and find out what happened to this one. List them: millwright platform backups",
		place: folder,
	});

/** Reads and checks the manifest itself, not the files it names. */
export async function readManifest(folder: string): Promise<Manifest> {
	const bytes = await readFile(join(folder, manifestName)).catch((cause: { code?: string }) => {
		throw notABackup(folder, cause.code === "ENOENT" ? "it has no manifest.json" : String(cause));
	});
	const sums = await readFile(join(folder, sumsName), "utf8").catch(() => "");
	if (!sums.includes(`${sha256(bytes)}  ${manifestName}\n`)) throw notABackup(folder, "manifest.json is not what was written");
	let given: unknown;
	try {
		given = JSON.parse(bytes.toString("utf8"));
	} catch {
		throw notABackup(folder, "manifest.json is not JSON");
	}
	const found = (given as { format?: unknown }).format;
	if (typeof found === "number" && found > format)
		throw new MillwrightError("backup.newer", `${folder} was made by a newer Millwright (format ${found})`, {
			kind: "input",
			hint: "Restore it with the version that made it, or a newer one.",
			place: folder,
		});
	const parsed = Manifest.safeParse(given);
	if (!parsed.success) throw notABackup(folder, `manifest.json: ${parsed.error.issues[0]?.message}`);
	return parsed.data;
}

/** SHA-256 of a file as it is on disk. */
export async function hashOf(file: string, signal?: AbortSignal): Promise<{ bytes: number; sha256: string }> {
	const hash = createHash("sha256");
	let bytes = 0;
	for await (const chunk of createReadStream(file, { highWaterMark: 262_144, ...(signal ? { signal } : {}) })) {
		hash.update(chunk as Buffer);
		bytes += (chunk as Buffer).length;
	}
	return { bytes, sha256: hash.digest("hex") };
}
