import { join } from "node:path";
import type { Log, Migration } from "@millwright/core";
import { openRecords } from "@millwright/records-sqlite";
import { lookInto, markedStore, tagsStore, type UpgradeStore } from "@millwright/runtime";
import { ringStore } from "@millwright/sense";
import { migrations as allMigrations } from "../migrations.ts";

/** What the program's stores are, in the order in which they are brought up to date. */
export const upgradeStores = ({
	log,
	migrations = allMigrations,
}: {
	log: Log;
	migrations?: readonly Migration[];
}): UpgradeStore[] => [
	tagsStore,
	ringStore,
	{
		name: "records",
		title: "people, keys and events",
		files: ["records.sqlite"],
		current: migrations.map(({ name }) => name).sort(),
		found: (data) => appliedIn(join(data, "records.sqlite")),
		bringUp: (data) => openRecords({ file: join(data, "records.sqlite"), log, migrations, snapshot: false }).close(),
	},
	markedStore("history", { title: "history", place: "history.duckdb" }),
	markedStore("audit", { title: "audit log", place: "audit.jsonl" }),
	markedStore("broker", { title: "MQTT sessions and retained messages", place: "broker" }),
	markedStore("gateways", { title: "gateways", place: "gateways" }),
];

const appliedIn = (file: string): string[] | undefined =>
	lookInto(file, (db) => {
		const known = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'millwright_migrations'").get();
		if (!known) return undefined;
		return db
			.prepare("SELECT name FROM millwright_migrations ORDER BY name")
			.all()
			.map(({ name }) => String(name));
	});
