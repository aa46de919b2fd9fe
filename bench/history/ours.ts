import { join } from "node:path";
import { silentLog } from "../../base/runtime/src/index.ts";
import { createDuckDbSeries, type DuckDbSeries } from "../../engines/series-duckdb/src/index.ts";
import { createState } from "../../loop/4-twin/src/state.ts";
import { day, tagCount } from "./plant.ts";
import type { System } from "./system.ts";

/** The engine with the server's own settings, in this process as in the server; last values from the twin's state, as there. */
export interface Ours extends System {
	/** Brings every day that is over into its cold form. */
	tidy(until: bigint): Promise<{ seconds: number; rows: number }>;
	figures: DuckDbSeries["figures"];
}

export async function startOurs(folder: string): Promise<Ours> {
	const state = createState();
	const engine = createDuckDbSeries({
		file: join(folder, "history.duckdb"),
		log: silentLog,
		flushMs: 200,
		flushRows: 20_000,
		queueRows: 4_000_000,
		memoryMb: 256,
		threads: 1,
		temporaryFolder: join(folder, "temporary"),
	});
	await engine.start();
	const bucketsOf = (answer: Awaited<ReturnType<DuckDbSeries["aggregate"]>>) =>
		[...answer.values()].reduce((sum, { starts }) => sum + starts.length, 0);
	return {
		name: "Millwright",
		version: "DuckDB 1.5.6 and Parquet",
		prepare: (batches) => ({
			async send() {
				await Promise.all(batches.map((batch) => engine.append(batch)));
				// What the twin does beside it in the server; only the last poll decides.
				const last = batches.at(-1);
				for (let row = 0; row < (last?.length ?? 0); row++) if (last) state.apply(last, row);
			},
		}),
		async settle() {
			return { bytes: (await engine.figures()).bytes };
		},
		figures: engine.figures,
		async tidy(until) {
			const began = performance.now();
			const { rows } = await engine.tidy({ until });
			return { seconds: (performance.now() - began) / 1000, rows };
		},
		dayAtMinute: async (tag, from) =>
			bucketsOf(
				await engine.aggregate({
					tags: [tag],
					range: { from, until: from + day },
					bucket: 60_000_000_000n,
					functions: ["mean", "min", "max", "count"],
				}),
			),
		monthAtHour: async (tags, from) =>
			bucketsOf(
				await engine.aggregate({
					tags,
					range: { from, until: from + 30n * day },
					bucket: 3_600_000_000_000n,
					functions: ["mean", "min", "max"],
				}),
			),
		rawHour: async (tag, from) =>
			(await engine.raw({ tag, range: { from, until: from + day / 24n }, limit: 100_000 })).times.length,
		async lastOfAll() {
			let found = 0;
			for (let tag = 1; tag <= tagCount; tag++) {
				const time = state.time(tag);
				const last =
					time === 0n ? undefined : { time: Number(time / 1000n) / 1000, value: state.value(tag), quality: state.quality(tag) };
				if (last) found++;
			}
			return found;
		},
		stop: () => engine.stop(),
	};
}
