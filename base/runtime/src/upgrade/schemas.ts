import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import * as z from "zod";

export const schemaFile = "schema.json";

/** Of each store: a number, or the names of the migrations that have run. */
export const Schemas = z.record(z.string(), z.union([z.int(), z.array(z.string())]));
export type Schemas = z.output<typeof Schemas>;

/** What was written down when the data folder was last brought up to date. */
export const SchemaFile = z.object({ format: z.int(), version: z.string(), at: z.int(), schemas: Schemas });
export type SchemaFile = z.output<typeof SchemaFile>;

export async function readSchemaFile(data: string): Promise<SchemaFile | undefined> {
	const text = await readFile(join(data, schemaFile), "utf8").catch(() => undefined);
	if (text === undefined) return undefined;
	try {
		return SchemaFile.parse(JSON.parse(text));
	} catch {
		// It only repeats what the stores say of themselves.
		return undefined;
	}
}

export const readSchemas = async (data: string): Promise<Schemas> => (await readSchemaFile(data))?.schemas ?? {};

/** Looks into a file without changing it; undefined where there is none, or one that is damaged, which its owner deals with. */
export function lookInto<T>(file: string, ask: (db: DatabaseSync) => T): T | undefined {
	if (!existsSync(file)) return undefined;
	let db: DatabaseSync | undefined;
	try {
		// Without a log it is read as it lies; even a reader would else leave files beside it.
		const place = existsSync(`${file}-wal`) ? file : new URL(`${pathToFileURL(file)}?immutable=1`);
		db = new DatabaseSync(place, { readOnly: true, timeout: 5000 });
		return ask(db);
	} catch (thrown) {
		// SQLite's 11 CORRUPT, 26 NOTADB.
		const code = ((thrown as { errcode?: number }).errcode ?? 0) & 0xff;
		if (code === 11 || code === 26) return undefined;
		throw thrown;
	} finally {
		db?.close();
	}
}

/** SQLite's own number of a file's schema. */
export const userVersion = (file: string): number | undefined =>
	lookInto(file, (db) => Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0));
