import { aggregateNames, type Client, Duration, operation, type Service } from "@millwright/core";
import * as z from "zod";
import { importsApi } from "./api-imports.ts";
import { proofApi } from "./api-proof.ts";
import { StorageSettings, storageApi } from "./api-storage.ts";

export * from "./api-imports.ts";
export * from "./api-proof.ts";
export * from "./api-storage.ts";

export const HistorySettings = z.strictObject({
	/** Longest wait before taken samples are written and synced. */
	flush: Duration.default(200),
	/** Rows that force a flush earlier. */
	flushRows: z.int().min(100).default(20_000),
	/** Samples that may wait in memory; beyond it the ring keeps them and says so. */
	queueRows: z.int().min(1000).default(2_000_000),
	memoryMb: z.int().min(64).default(256),
	threads: z.int().min(1).max(64).default(1),
	storage: StorageSettings.prefault({}),
});
export type HistorySettings = z.output<typeof HistorySettings>;

const ms = z.number().meta({ unit: "ms since 1970, UTC" });
const range = { from: ms, until: ms.meta({ description: "exclusive" }) };

/** Columns of one tag: times in ms since 1970 with µs in the fraction, null where there is no good number. */
export const Series = z.object({
	tag: z.string(),
	unit: z.string(),
	times: z.array(z.number()),
	values: z.array(z.union([z.number(), z.null()])),
	/** Codes of `qualityName`, one a row. */
	quality: z.array(z.int()),
	/** Row number to text, where values are words. */
	texts: z.record(z.string(), z.string()).optional(),
	/** Fewer points than samples were drawn from; extremes kept. */
	reduced: z.boolean(),
	/** Samples in the range, before reduction. */
	samples: z.int(),
});
export type Series = z.output<typeof Series>;

const tags = z.array(z.string()).min(1).max(50);

export const historyApi = {
	...storageApi,
	...importsApi,
	...proofApi,
	at: operation({
		summary: "The plant at a moment: the value every tag had then",
		path: "/history/at",
		input: z.object({
			tags: z.array(z.string()).max(500).default([]),
			/** Or every tag below an asset path, up to the limit. */
			path: z.string().optional(),
			time: ms,
			limit: z.int().min(1).max(2000).default(500),
		}),
		output: z.object({
			tags: z.array(
				z.object({
					tag: z.string(),
					unit: z.string(),
					value: z.union([z.number(), z.string(), z.null()]),
					quality: z.string(),
					/** Source time of the sample that held then. */
					at: ms,
				}),
			),
			total: z.int(),
		}),
	}),
	replay: operation({
		summary: "Samples of many tags in the order in which they happened, page by page",
		path: "/history/replay",
		input: z.object({
			tags,
			...range,
			limit: z.int().min(1).max(100_000).default(10_000),
			/** `next` of the page before. */
			after: z.string().max(200).optional(),
		}),
		output: z.object({
			/** Indices into `tags`. */
			tag: z.array(z.int()),
			times: z.array(z.number()),
			values: z.array(z.union([z.number(), z.string(), z.null()])),
			quality: z.array(z.int()),
			next: z.string().optional(),
		}),
	}),
	raw: operation({
		/** Of more than `limit` samples the oldest are given, or with `newestFirst` the newest, newest first. */
		summary: "Samples of a tag as stored, in source-time order",
		path: "/history/raw",
		input: z.object({
			tag: z.string(),
			...range,
			limit: z.int().min(1).max(1_000_000).default(10_000),
			newestFirst: z.boolean().default(false),
		}),
		output: Series,
	}),
	trend: operation({
		/** Each line may begin with the last sample before `from`, at its own time, so that it can be drawn from the edge. Bad values are null. */
		summary: "Lines for a chart: at most so many points a tag, extremes and gaps kept",
		path: "/history/trend",
		input: z.object({ tags, ...range, points: z.int().min(10).max(20_000).default(1500) }),
		output: z.object({ series: z.array(Series), tookMs: z.number() }),
	}),
	aggregate: operation({
		summary: "Counts, means, extremes per bucket; time-weighted where asked",
		path: "/history/aggregate",
		input: z.object({
			tags,
			...range,
			bucket: Duration,
			functions: z.array(z.enum(aggregateNames)).min(1).default(["mean", "min", "max", "count"]),
		}),
		output: z.object({
			tags: z.array(
				z.object({
					tag: z.string(),
					unit: z.string(),
					starts: z.array(z.number()),
					columns: z.record(z.string(), z.array(z.union([z.number(), z.null()]))),
				}),
			),
			tookMs: z.number(),
		}),
	}),
	export: operation({
		summary: "Samples as a CSV or Parquet file",
		path: "/history/export",
		download: true,
		dataClass: "confidential",
		input: z.object({ tags: z.array(z.string()).min(1).max(1000), ...range, format: z.enum(["csv", "parquet"]).default("csv") }),
		output: z.any(),
	}),
	figures: operation({
		summary: "What the history holds: rows, bytes, oldest, newest, queue",
		path: "/history/figures",
		input: z.object({}),
		output: z.object({
			engine: z.string(),
			rows: z.int(),
			bytes: z.int(),
			bytesPerSample: z.number(),
			oldest: z.number().optional(),
			newest: z.number().optional(),
			queued: z.int(),
			flushes: z.int(),
			lastFlushMs: z.number(),
			state: z.enum(["good", "behind", "failing"]),
			reason: z.string().optional(),
		}),
	}),
};
export type History = Service<typeof historyApi>;
export type HistoryClient = Client<typeof historyApi>;

/** What became of a connection's samples; the sense ledger reads it. */
export interface HistoryCounts {
	/** stored + duplicate + under way. */
	received(connection: string): number;
	/** Numbers the history holds, over all starts; those said never to come count too. */
	stored(connection: string): number;
	/** Arrived again and dropped, since start. */
	duplicate(connection: string): number;
}
