import { existsSync } from "node:fs";
import { join } from "node:path";
import { MillwrightError } from "@millwright/core";
import { openTagDirectory } from "../tag-directory.ts";
import { type Schemas, userVersion } from "./schemas.ts";

/** The number of a schema, or the names of the migrations that have run. */
export type SchemaVersion = number | readonly string[];

/** One file, or a few that belong together, with a schema that may be older than the program. */
export interface UpgradeStore {
	name: string;
	title: string;
	/** Within the data folder; what the snapshot is made of. */
	files: readonly string[];
	current: SchemaVersion;
	/** Of what lies in the folder; undefined where nothing does. Changes nothing. */
	found(data: string): SchemaVersion | undefined;
	/** From any earlier schema to the current one. */
	bringUp(data: string): void | Promise<void>;
}

/** SQLite's own number of a file's schema; the first release left it at 0. */
export function numberedSchema(file: string): number | undefined {
	const version = userVersion(file);
	return version === undefined ? undefined : Math.max(1, version);
}

export const tagsStore: UpgradeStore = {
	name: "tags",
	title: "tag names",
	files: ["tags.sqlite"],
	current: 1,
	found: (data) => numberedSchema(join(data, "tags.sqlite")),
	bringUp: (data) => openTagDirectory({ file: join(data, "tags.sqlite") }).close(),
};

/** A store that brings itself up to date, or has only ever had one form; a newer one is known by what `schema.json` says. */
export const markedStore = (name: string, { title, place }: { title: string; place: string }): UpgradeStore => ({
	name,
	title,
	files: [],
	current: 1,
	found: (data) => (existsSync(join(data, place)) ? 1 : undefined),
	bringUp() {},
});

export const isBehind = (found: SchemaVersion, current: SchemaVersion): boolean =>
	typeof found === "number" || typeof current === "number" ? found < current : current.some((name) => !found.includes(name));

/** What the program does not know of. */
export const isAhead = (found: SchemaVersion, current: SchemaVersion): boolean =>
	typeof found === "number" || typeof current === "number" ? found > current : found.some((name) => !current.includes(name));

export function newerThanProgram(
	title: string,
	{ version, place }: { version: string | undefined; place: string },
): MillwrightError {
	return new MillwrightError(
		"upgrade.data-newer",
		`${place} was written by a newer Millwright${version ? ` (${version})` : ""}: this one does not know its ${title}`,
		{
			kind: "input",
			hint: "Start that version, or a newer one. Nothing was changed.",
			place,
		},
	);
}

/** For a backup: would this program understand what is in it? */
export function checkNotNewer(
	schemas: Schemas,
	about: { version: string; place: string; stores: readonly UpgradeStore[] },
): void {
	for (const { name, title, current } of about.stores) {
		const found = schemas[name];
		if (found !== undefined && isAhead(found, current)) throw newerThanProgram(title, about);
	}
}
