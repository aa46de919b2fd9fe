import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@millwright/runtime";
import { type SeriesPeer, seriesSuite } from "@millwright/testkit/series-suite";
import { createDuckDbSeries, type DuckDbSeriesOptions } from "./index.ts";

seriesSuite("DuckDB", openPeer({}));
seriesSuite("DuckDB, its table emptied into files all the time", openPeer({ rollRows: 10 }));

function openPeer(options: Pick<DuckDbSeriesOptions, "rollRows">): () => Promise<SeriesPeer> {
	return async () => {
		const folder = await mkdtemp(join(tmpdir(), "series-duckdb-"));
		const open = (name = "history") =>
			createDuckDbSeries({
				file: join(folder, name, "history.duckdb"),
				log: silentLog,
				flushMs: 2,
				flushRows: 1000,
				queueRows: 100_000,
				memoryMb: 128,
				threads: 1,
				...options,
				temporaryFolder: join(folder, "temporary"),
			});
		let engine = open();
		return {
			engine,
			async again() {
				await engine.stop();
				engine = open();
				return engine;
			},
			another: async () => ({
				engine: open("another"),
				close: () => rm(join(folder, "another"), { recursive: true, force: true }),
			}),
			close: () => rm(folder, { recursive: true, force: true }),
		};
	};
}
