import { join } from "node:path";
import type { Clock, Log } from "@millwright/core";
import type { HistoryEngine } from "@millwright/history";
import type { HistorySettings } from "@millwright/history/api";
import { createDuckDbSeries } from "@millwright/series-duckdb";
import { createPostgresqlSeries } from "@millwright/series-postgresql";
import { type EngineSettings, embeddedEngines } from "./engine-settings.ts";
import { postgresqlTarget } from "./postgresql-target.ts";

/** The history's engine for a data folder, not started; the one place that chooses it. */
export const createSeries = ({
	data,
	settings,
	engines = embeddedEngines,
	clock,
	log,
}: {
	data: string;
	settings: HistorySettings;
	engines?: EngineSettings;
	clock: Clock;
	log: Log;
}): HistoryEngine => {
	const { series } = engines;
	if (series.kind === "postgresql")
		return createPostgresqlSeries({
			target: postgresqlTarget(series, "engines.series"),
			...(series.schema === undefined ? {} : { schema: series.schema }),
			timescale: series.timescale,
			clock,
			log,
			flushMs: settings.flush,
			flushRows: settings.flushRows,
			queueRows: settings.queueRows,
		});
	return createDuckDbSeries({
		file: join(data, "history.duckdb"),
		temporaryFolder: join(data, "temporary"),
		clock,
		log: log.part("series"),
		flushMs: settings.flush,
		flushRows: settings.flushRows,
		queueRows: settings.queueRows,
		memoryMb: settings.memoryMb,
		threads: settings.threads,
	});
};
