import { writeSync } from "node:fs";
import { silentLog } from "@millwright/runtime";
import { createDuckDbSeries } from "./index.ts";

/** Opens the file and keeps it until it is killed. */
const [file, temporaryFolder] = process.argv.slice(2) as [string, string];
const engine = createDuckDbSeries({
	file,
	log: silentLog,
	flushMs: 3,
	flushRows: 4000,
	queueRows: 40_000,
	memoryMb: 64,
	threads: 1,
	temporaryFolder,
});
await engine.start();
writeSync(1, "open\n");
setInterval(() => {}, 60_000);
