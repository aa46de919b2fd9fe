import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@millwright/runtime";
import { seriesSuite } from "@millwright/testkit/series-suite";
import { createDuckDbSeries } from "./index.ts";

seriesSuite("DuckDB", async () => {
	const folder = await mkdtemp(join(tmpdir(), "series-duckdb-"));
	const open = () =>
		createDuckDbSeries({
			file: join(folder, "history.duckdb"),
			log: silentLog,
			flushMs: 2,
			flushRows: 1000,
			queueRows: 100_000,
			memoryMb: 128,
			threads: 1,
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
		close: () => rm(folder, { recursive: true, force: true }),
	};
});
