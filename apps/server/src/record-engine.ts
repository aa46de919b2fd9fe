import { join } from "node:path";
import type { Clock, Log } from "@millwright/core";
import { openRecords as openPostgresqlRecords, type PostgresqlRecords } from "@millwright/records-postgresql";
import { openRecords, type Records } from "@millwright/records-sqlite";
import type { Part } from "@millwright/runtime";
import type { EngineSettings } from "./engine-settings.ts";
import { migrations } from "./migrations.ts";
import { postgresqlTarget } from "./postgresql-target.ts";

/** Whichever engine it is, as the server uses it. */
export type ServerRecords = Records & { readonly part: Part; readonly engine: "sqlite" | "postgresql" };

/** The records of a data folder; the one place that chooses their engine. Nothing may be asked before the part has started. */
export function createRecords({
	data,
	engines,
	clock,
	log,
}: {
	data: string;
	engines: EngineSettings;
	clock: Clock;
	log: Log;
}): ServerRecords {
	const file = join(data, "records.sqlite");
	const { records } = engines;
	if (records.kind === "sqlite") {
		const opened = openRecords({ file, log, migrations });
		return { ...opened, engine: "sqlite", part: { name: "records", start: opened.start, stop: async () => {} } };
	}
	const opened = postgresqlRecords({ data, settings: records, clock, log });
	// What the embedded engine kept moves into the database the first time it is used.
	return {
		...opened,
		engine: "postgresql",
		part: { name: "records", start: opened.start, stop: async () => {}, health: opened.health },
	};
}

export const postgresqlRecords = ({
	data,
	settings,
	clock,
	log,
}: {
	data: string;
	settings: Extract<EngineSettings["records"], { kind: "postgresql" }>;
	clock: Clock;
	log: Log;
}): PostgresqlRecords =>
	openPostgresqlRecords({
		target: postgresqlTarget(settings, "engines.records"),
		...(settings.schema === undefined ? {} : { schema: settings.schema }),
		migrations,
		snapshotFolder: data,
		seedFile: join(data, "records.sqlite"),
		clock,
		log,
	});
