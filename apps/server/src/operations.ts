import { join } from "node:path";
import { type Clock, type Log, msFromNanos, type SeriesEngine } from "@millwright/core";
import type { AuditTrail } from "@millwright/platform";
import type { Platform } from "@millwright/platform/api";
import { type Config, copySqlite, type Figure, type LogMemory, type Part, readSchemas } from "@millwright/runtime";
import { type Backups, createBackups } from "./backup/backups.ts";
import { backupSection } from "./backup/settings.ts";
import { configNotes, configPlace, storesOf } from "./backup/stores.ts";
import { type Bounded, createCapacity } from "./capacity/capacity.ts";
import { createDiagnostics, type DiagnosticSource } from "./diagnostics/diagnostics.ts";
import { enginesSection } from "./engine-settings.ts";

/** Backup, capacity and diagnostics of a running platform. */
export function createOperations({
	data,
	config,
	version,
	clock,
	log,
	logMemory,
	engine,
	records,
	audit,
	parts,
	ring,
	bounded,
	sources,
	secrets,
}: {
	data: string;
	config: Config;
	version: string;
	clock: Clock;
	log: Log;
	logMemory: LogMemory;
	engine: SeriesEngine;
	records: { backupTo(file: string): Promise<void> };
	audit: AuditTrail;
	/** All of them: asked for copies and figures. */
	parts(): readonly Part[];
	ring(): { commits: number; lastCommitMs: number };
	bounded(): Promise<Bounded[]>;
	sources: readonly DiagnosticSource[];
	secrets(): Iterable<string>;
}): { parts: Part[]; service: Omit<Platform, "health" | "about"> } {
	const configFile = config.file;
	const figures = (): Figure[] => parts().flatMap((part) => part.figures?.() ?? []);
	const backups: Backups = createBackups({
		data,
		settings: () => config.get(backupSection),
		stores: () =>
			storesOf({
				data,
				configFile,
				engine,
				// On a thread of its own, where it is a file.
				records:
					config.get(enginesSection).records.kind === "sqlite"
						? { backupTo: (to) => copySqlite({ from: join(data, "records.sqlite"), to }) }
						: records,
				parts: parts(),
			}),
		async facts(kind) {
			const { rows, newest } = await engine.figures();
			return {
				version,
				kind,
				...(newest === undefined ? {} : { until: msFromNanos(newest) }),
				rows,
				engines: { series: config.get(enginesSection).series.kind, records: config.get(enginesSection).records.kind },
				schemas: await readSchemas(data),
				config: configPlace(configFile, data),
				notes: await configNotes(configFile),
			};
		},
		audit,
		clock,
		log,
	});
	const capacity = createCapacity({
		data,
		clock,
		log,
		ring,
		valuesRead: () =>
			figures()
				.filter(({ name }) => name === "sense_values_read_total")
				.reduce((sum, { value }) => sum + value, 0),
		bounded,
		historyDays: (until) => engine.days({ range: { from: 0n, until } }),
	});
	const diagnostics = createDiagnostics({
		data,
		configFile,
		version,
		clock,
		logMemory,
		figures,
		sources: [
			["schemas.json", () => readSchemas(data)],
			["capacity.json", () => capacity.service.capacity()],
			["backups.json", () => backups.service.backups({})],
			...sources,
		],
		secrets,
	});
	return {
		parts: [capacity.part, diagnostics.part, backups.part],
		service: { ...backups.service, ...capacity.service, ...diagnostics.service },
	};
}
