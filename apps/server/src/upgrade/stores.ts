import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Log, type Migration, MillwrightError } from "@millwright/core";
import { openRecords } from "@millwright/records-sqlite";
import { openTagDirectory } from "@millwright/runtime";
import { bringRingUp, ringFile, ringSchema } from "@millwright/sense";
import { migrations as allMigrations } from "../migrations.ts";
import { lookInto, type Schemas, userVersion } from "./schemas.ts";

/** One file, or a few that belong together, with a schema that may be older than the program. */
export interface UpgradeStore {
	name: string;
	title: string;
	/** Within the data folder; what the snapshot is made of. */
	files: readonly string[];
	current: number | readonly string[];
	/** Of what lies in the folder; undefined where nothing does. Changes nothing. */
	found(data: string): number | readonly string[] | undefined;
	/** From any earlier schema to the current one. */
	bringUp(data: string): void | Promise<void>;
}

/** What the program's stores are, in the order in which they are brought up to date. */
export function upgradeStores({
	log,
	migrations = allMigrations,
}: {
	log: Log;
	migrations?: readonly Migration[];
}): UpgradeStore[] {
	return [
		{
			name: "tags",
			title: "tag names",
			files: ["tags.sqlite"],
			current: tagsSchema,
			// The first release left the number at 0.
			found: (data) => atLeastOne(userVersion(join(data, "tags.sqlite"))),
			bringUp: (data) => openTagDirectory({ file: join(data, "tags.sqlite") }).close(),
		},
		{
			name: "ring",
			title: "ring",
			files: ["sense/ring.db", "sense/ring.db.numbers.json"],
			current: ringSchema,
			found: (data) => atLeastOne(userVersion(ringFile(data))),
			bringUp: (data) => bringRingUp(ringFile(data)),
		},
		{
			name: "records",
			title: "people, keys and events",
			files: ["records.sqlite"],
			current: migrations.map(({ name }) => name).sort(),
			found: (data) => appliedIn(join(data, "records.sqlite")),
			bringUp: (data) => openRecords({ file: join(data, "records.sqlite"), log, migrations, snapshot: false }).close(),
		},
		...marked.map(([name, title, place]): UpgradeStore => {
			return {
				name,
				title,
				files: [],
				current: 1,
				found: (data) => (existsSync(join(data, place)) ? 1 : undefined),
				bringUp() {},
			};
		}),
	];
}

/** Stores that bring themselves up to date, or have only ever had one form; a newer one is known by what `schema.json` says. */
const marked: readonly (readonly [name: string, title: string, place: string])[] = [
	["history", "history", "history.duckdb"],
	["audit", "audit log", "audit.jsonl"],
	["broker", "MQTT sessions and retained messages", "broker"],
	["gateways", "gateways", "gateways"],
];

const tagsSchema = 1;
const atLeastOne = (version: number | undefined): number | undefined =>
	version === undefined ? undefined : Math.max(1, version);

const appliedIn = (file: string): string[] | undefined =>
	lookInto(file, (db) => {
		const known = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'millwright_migrations'").get();
		if (!known) return undefined;
		return db
			.prepare("SELECT name FROM millwright_migrations ORDER BY name")
			.all()
			.map(({ name }) => String(name));
	});

type Version = number | readonly string[];

export const isBehind = (found: Version, current: Version): boolean =>
	typeof found === "number" || typeof current === "number" ? found < current : current.some((name) => !found.includes(name));

/** What the program does not know of. */
export const isAhead = (found: Version, current: Version): boolean =>
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
