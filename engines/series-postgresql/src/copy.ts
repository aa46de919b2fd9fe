import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { MillwrightError } from "@millwright/core";
import type pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { createPartition } from "./layout.ts";

const format = "millwright-series-postgresql/1";
const manifestName = "manifest.json";

interface Manifest {
	format: string;
	rows: number;
	arrival: number;
	files: { name: string; table: string; bytes: number; sha256: string }[];
}

/** What a table's rows are asked with, so that a copy does not depend on the order of its columns. */
const copied = {
	partition: "name, low, high",
	progress: "connection, first, last",
	tally: "day, tier, rows, oldest, newest, bytes",
	piece: "id, rows",
	packed: "tag, rows, day, first_time, last_time, base, piece, step, times, jitters, numbers, qualities, texts",
	sample: "time, arrival, value, tag, quality, text",
} as const;

/** All tables as they are at one moment, each in a file; the manifest comes last and says that the copy is whole. */
export async function copyOut(client: pg.Client, folder: string, signal?: AbortSignal): Promise<{ rows: number; bytes: number }> {
	if ((await readdir(folder)).length > 0)
		throw new MillwrightError("series.copy-not-empty", "The folder for the copy holds something", {
			kind: "conflict",
			place: folder,
			hint: "Give an empty folder.",
		});
	await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
	try {
		const { rows: sums } = await client.query("SELECT arrival, (SELECT coalesce(sum(rows), 0) FROM tally) AS rows FROM state");
		const { arrival, rows } = sums[0] as { arrival: string; rows: string };
		const files: Manifest["files"] = [];
		for (const [table, columns] of Object.entries(copied)) {
			signal?.throwIfAborted();
			const name = `${table}.copy.gz`;
			const about = await write(
				join(folder, name),
				client.query(copyTo(`COPY (SELECT ${columns} FROM ${table}) TO STDOUT (FORMAT binary)`)),
				signal,
			);
			files.push({ name, table, ...about });
		}
		const manifest: Manifest = { format, rows: Number(rows), arrival: Number(arrival), files };
		const file = join(folder, manifestName);
		await writeFile(file, `${JSON.stringify(manifest, undefined, "\t")}\n`);
		await sync(file);
		await sync(folder);
		return { rows: manifest.rows, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
	} finally {
		await client.query("ROLLBACK").catch(() => {});
	}
}

async function write(
	file: string,
	from: NodeJS.ReadableStream,
	signal?: AbortSignal,
): Promise<{ bytes: number; sha256: string }> {
	const hash = createHash("sha256");
	let bytes = 0;
	const count = new Transform({
		transform(chunk: Buffer, _, done) {
			hash.update(chunk);
			bytes += chunk.length;
			done(null, chunk);
		},
	});
	await pipeline(from, createGzip({ level: 1 }), count, createWriteStream(file), signal ? { signal } : {});
	await sync(file);
	return { bytes, sha256: hash.digest("hex") };
}

async function sync(path: string): Promise<void> {
	if (process.platform === "win32") return;
	const handle = await open(path, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** A copy's manifest, once every file is what it says. */
export async function readManifest(folder: string): Promise<Manifest> {
	const refuse = (why: string, place: string) =>
		new MillwrightError("series.copy-invalid", why, {
			kind: "input",
			place,
			hint: "Give the folder of a copy made by the PostgreSQL history.",
		});
	const file = join(folder, manifestName);
	let manifest: Manifest;
	try {
		manifest = JSON.parse(await readFile(file, "utf8")) as Manifest;
	} catch {
		throw refuse("The folder holds no copy of a history", folder);
	}
	if (manifest.format !== format) throw refuse(`The copy is of another form: ${String(manifest.format)}`, file);
	for (const { name, table, sha256 } of manifest.files) {
		const hash = createHash("sha256");
		if (!(table in copied) || name !== `${table}.copy.gz`)
			throw refuse(`The copy names a file of none of ours: ${String(name)}`, file);
		try {
			for await (const chunk of createReadStream(join(folder, name))) hash.update(chunk as Buffer);
		} catch {
			throw refuse(`${name} is missing`, folder);
		}
		if (hash.digest("hex") !== sha256) throw refuse(`${name} is not what was copied`, join(folder, name));
	}
	return manifest;
}

/** Within the caller's transaction, into tables that hold nothing. */
export async function copyIn(
	client: pg.Client,
	folder: string,
	{ files, rows, arrival }: Manifest,
	timescale: boolean,
): Promise<{ rows: number }> {
	const empty = await client.query(
		"SELECT NOT EXISTS (SELECT FROM progress) AND NOT EXISTS (SELECT FROM tally) AND NOT EXISTS (SELECT FROM partition) AS empty",
	);
	if (!(empty.rows[0] as { empty: boolean }).empty) throw notEmpty();
	for (const { name, table } of files) {
		if (table === "sample" && !timescale) {
			const { rows: partitions } = await client.query("SELECT name, low, high FROM partition");
			for (const { name: of, low, high } of partitions as { name: string; low: string; high: string }[])
				await createPartition(client, { name: of, low: BigInt(low), high: BigInt(high) });
		}
		const stream = client.query(copyFrom(`COPY ${table} (${copied[table as keyof typeof copied]}) FROM STDIN (FORMAT binary)`));
		const finished = once(stream, "finish");
		finished.catch(() => {});
		await pipeline(createReadStream(join(folder, name)), createGunzip(), stream);
		await finished;
	}
	if (timescale) await client.query("DELETE FROM partition");
	await client.query("UPDATE state SET arrival = $1", [arrival]);
	const { rows: counted } = await client.query(
		"SELECT (SELECT count(*) FROM sample) + (SELECT coalesce(sum(rows), 0) FROM packed) AS rows, (SELECT coalesce(sum(rows), 0) FROM tally) AS told",
	);
	const { rows: found, told } = counted[0] as { rows: string; told: string };
	if (Number(found) !== rows || Number(told) !== rows)
		throw new MillwrightError("series.copy-incomplete", `The copy says ${rows} rows and holds ${found}`, {
			kind: "input",
			place: folder,
		});
	return { rows };
}

export const notEmpty = () =>
	new MillwrightError("series.not-empty", "The history holds samples already", {
		kind: "conflict",
		hint: "Restore into a new database or another schema.",
	});
