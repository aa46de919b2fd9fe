import { join } from "node:path";
import type { Clock, Log } from "@millwright/core";
import type { HistoryEngine } from "@millwright/history";
import type { HistorySettings } from "@millwright/history/api";
import { createDuckDbSeries } from "@millwright/series-duckdb";

/** The history's engine for a data folder, not started; the one place that chooses it. */
export const createSeries = ({
	data,
	settings,
	clock,
	log,
}: {
	data: string;
	settings: HistorySettings;
	clock: Clock;
	log: Log;
}): HistoryEngine =>
	createDuckDbSeries({
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
