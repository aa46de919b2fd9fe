import { createHash } from "node:crypto";
import {
	appendFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock } from "@millwright/runtime";
import { afterEach, expect, test } from "vitest";
import { copyLines, copyLiveFolder, filesBelow } from "./files.ts";
import { type Manifest, readManifest, sumsName } from "./manifest.ts";
import { type BackupStore, type ManifestFacts, takeBackup } from "./take.ts";
import { verifyBackup } from "./verify.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folderForTest(): string {
	const folder = mkdtempSync(join(tmpdir(), "backup-"));
	folders.push(folder);
	return folder;
}
const clock = createClock();
const facts = async (): Promise<ManifestFacts> => ({
	version: "1.0.0",
	kind: "manual",
	until: 1_700_000_000_000.5,
	rows: 3,
	engines: { series: "duckdb", records: "sqlite" },
	schemas: { tags: 1, records: ["access/001-a"] },
	config: { file: "millwright.yaml", inData: false },
	notes: [],
});
const files = (name: string, content: Record<string, string>): BackupStore => ({
	name,
	title: name,
	async copyTo(folder) {
		for (const [path, text] of Object.entries(content)) {
			mkdirSync(join(folder, path, ".."), { recursive: true });
			writeFileSync(join(folder, path), text);
		}
	},
});
const stores = [
	files("sense", { "ring.db": "ring", "drivers/opcua/own.pem": "pem" }),
	files("history", { "history.parquet": "rows" }),
];

async function backupForTest(): Promise<{ folder: string; manifest: Manifest }> {
	const folder = join(folderForTest(), "one", "backup");
	return { folder, manifest: await takeBackup({ folder, stores, facts, clock }) };
}

test("a backup names every file with its size and checksum, and is whole", async () => {
	const { folder, manifest } = await backupForTest();
	expect(manifest.files.map(({ path, bytes }) => [path, bytes])).toEqual([
		["history/history.parquet", 4],
		["sense/drivers/opcua/own.pem", 3],
		["sense/ring.db", 4],
	]);
	expect(manifest.stores.map(({ name }) => name)).toEqual(["sense", "history"]);
	expect(await readManifest(folder)).toEqual(manifest);
	expect(await verifyBackup(folder)).toEqual(manifest);
	// As sha256sum -c takes it.
	expect(readFileSync(join(folder, sumsName), "utf8")).toMatch(/^(?:[0-9a-f]{64} {2}\S+\n){4}$/);
});

test.each<[string, (folder: string) => void, RegExp]>([
	["a changed byte", (folder) => writeFileSync(join(folder, "sense/ring.db"), "rang"), /sense\/ring\.db is not what was written/],
	["a cut file", (folder) => writeFileSync(join(folder, "sense/ring.db"), "ri"), /has 2 bytes instead of 4/],
	["a missing file", (folder) => rmSync(join(folder, "history/history.parquet")), /history\.parquet is missing/],
	["a file too many", (folder) => writeFileSync(join(folder, "sense/more"), ""), /sense\/more does not belong/],
	[
		"a changed manifest",
		(folder) => appendFileSync(join(folder, "manifest.json"), "\n"),
		/manifest\.json is not what was written/,
	],
	["no manifest", (folder) => rmSync(join(folder, "manifest.json")), /it has no manifest/],
	["a renamed file", (folder) => renameSync(join(folder, "sense/ring.db"), join(folder, "sense/ring.bd")), /does not belong/],
])("%s is found before anything is restored from it", async (_what, damage, said) => {
	const { folder } = await backupForTest();
	damage(folder);
	await expect(verifyBackup(folder)).rejects.toMatchObject({ code: "backup.not-whole", message: expect.stringMatching(said) });
});

test("a manifest whose paths lead out of the backup is refused", async () => {
	const { folder } = await backupForTest();
	const file = join(folder, "manifest.json");
	for (const path of ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:/x", "a\\..\\b", ""]) {
		const text = readFileSync(file, "utf8").replace(/"path": "[^"]*"/, `"path": ${JSON.stringify(path)}`);
		writeFileSync(file, text);
		writeFileSync(join(folder, sumsName), `${createHash("sha256").update(text).digest("hex")}  manifest.json\n`);
		await expect(readManifest(folder)).rejects.toMatchObject({ code: "backup.not-whole" });
	}
});

test("nothing is written over, and a store that fails leaves nothing behind", async () => {
	const folder = folderForTest();
	writeFileSync(join(folder, "mine"), "kept");
	await expect(takeBackup({ folder, stores, facts, clock })).rejects.toMatchObject({ code: "backup.folder-not-empty" });
	expect(readdirSync(folder)).toEqual(["mine"]);
	const other = join(folder, "other");
	const broken: BackupStore = {
		name: "history",
		title: "history",
		copyTo: async () => Promise.reject(new Error("the disk hums")),
	};
	await expect(takeBackup({ folder: other, stores: [stores[0] as BackupStore, broken], facts, clock })).rejects.toMatchObject({
		code: "backup.failed",
		message: expect.stringContaining("the disk hums"),
	});
	expect(readdirSync(other)).toEqual([]);
});

test("a disk that runs full ends the backup, frees what it took, and says so", async () => {
	const folder = join(folderForTest(), "backup");
	let free = 10e9;
	const endless: BackupStore = {
		name: "history",
		title: "history",
		async copyTo(place, signal) {
			for (let n = 0; !signal.aborted; n++) {
				writeFileSync(join(place, String(n)), "x".repeat(1000));
				free -= 1e9;
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
			signal.throwIfAborted();
		},
	};
	await expect(
		takeBackup({ folder, stores: [endless], facts, clock, room: async () => ({ free, total: 20e9 }) }),
	).rejects.toMatchObject({ code: "backup.disk-full", kind: "outage" });
	expect(readdirSync(folder)).toEqual([]);
	const full: BackupStore = {
		...endless,
		copyTo: async () => Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" })),
	};
	await expect(takeBackup({ folder, stores: [full], facts, clock })).rejects.toMatchObject({ code: "backup.disk-full" });
	expect(readdirSync(folder)).toEqual([]);
});

test("a backup can be called off between and within stores", async () => {
	const folder = join(folderForTest(), "backup");
	const ending = new AbortController();
	const slow: BackupStore = {
		name: "history",
		title: "history",
		async copyTo(_place, signal) {
			ending.abort(new Error("stopping"));
			signal.throwIfAborted();
		},
	};
	await expect(
		takeBackup({ folder, stores: [stores[0] as BackupStore, slow], facts, clock, signal: ending.signal }),
	).rejects.toThrow("stopping");
	expect(existsSync(join(folder, "manifest.json"))).toBe(false);
	expect(readdirSync(folder)).toEqual([]);
});

test("of a file that grows only whole lines are copied, and of a folder nothing that is passing", async () => {
	const folder = folderForTest();
	writeFileSync(join(folder, "log"), `${"a".repeat(300_000)}\n${"b".repeat(10)}\nhalf`);
	await copyLines(join(folder, "log"), join(folder, "copy"));
	expect(readFileSync(join(folder, "copy"), "utf8")).toBe(`${"a".repeat(300_000)}\n${"b".repeat(10)}\n`);
	const from = join(folder, "from");
	mkdirSync(join(from, "drivers"), { recursive: true });
	for (const name of ["trust.json", "trust.json.new", "x.db-wal", "ring.db.broken-17", "drivers/own.pem"])
		writeFileSync(join(from, name), name);
	await copyLiveFolder(from, join(folder, "to"));
	expect(await filesBelow(join(folder, "to"))).toEqual(["drivers/own.pem", "trust.json"]);
});
