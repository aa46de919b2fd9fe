import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
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

/** SQLite's own number of a file's schema; undefined without a file. Changes nothing. */
export function userVersion(file: string): number | undefined {
	if (!existsSync(file)) return undefined;
	const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
	try {
		return Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0);
	} finally {
		db.close();
	}
}
