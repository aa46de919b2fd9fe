import { DataClass, Duration, isFilter, operation } from "@millwright/core";
import * as z from "zod";

const ms = z.number().meta({ unit: "ms since 1970, UTC" });
const bytes = z.int().min(0).meta({ unit: "By" });

/** A length of time, an hour at least, or null for ever. */
const Keep = z.union([Duration.refine((given) => given >= 3_600_000, { error: "must be an hour or longer" }), z.null()]);

/** Which samples are kept how long; a rule without `tags` and `dataClass` is for all. */
export const RetentionRule = z.strictObject({
	/** Names as in MQTT filters: "line-1/#", "+/+/vibration". */
	tags: z
		.array(z.string().refine(isFilter, { error: "is no filter; write e.g. line-1/# or +/+/vibration" }))
		.min(1)
		.optional(),
	dataClass: DataClass.optional(),
	keep: Keep,
});
export type RetentionRule = z.output<typeof RetentionRule>;

export const StorageSettings = z.strictObject({
	/** How often closed days are sorted and compressed, and what is too old is forgotten. */
	every: Duration.default(3_600_000),
	/** How long after midnight UTC a day stays open for late samples. */
	grace: Duration.default(7_200_000),
	/** The first rule that fits a tag counts. */
	retention: z.array(RetentionRule).max(200).default([]),
	/** For tags that no rule fits; null for ever. */
	keep: Keep.default(null),
	/** Bytes the history may take on disk; null for as many as there are. */
	budgetBytes: z.int().min(10_000_000).nullable().default(null),
	/** Beyond the budget: say so, or forget the oldest days too. */
	whenFull: z.enum(["warn", "forget-oldest"]).default("warn"),
});
export type StorageSettings = z.output<typeof StorageSettings>;

export const StorageTier = z.object({
	tier: z.enum(["hot", "cold", "brought"]),
	rows: z.int(),
	bytes,
	bytesPerSample: z.number(),
	oldest: ms.optional(),
	newest: ms.optional(),
});

export const StorageForecast = z.object({
	/** What ends first. */
	limit: z.enum(["budget", "disk"]),
	limitBytes: bytes,
	usedBytes: bytes,
	bytesPerDay: z.number(),
	/** Days until it is full, and between which four of five measured days would fill it; the ends need a week of days. */
	days: z.object({ middle: z.number(), least: z.number().optional(), most: z.number().optional() }).optional(),
	fullAt: ms.optional(),
	/** Whole days it rests on; without one nothing is said. */
	wholeDays: z.int(),
	/** Retention forgets as fast as samples come: it will not fill. */
	steady: z.boolean(),
});
export type StorageForecast = z.output<typeof StorageForecast>;

export const StorageRun = z.object({
	at: ms,
	tookMs: z.number(),
	days: z.int(),
	rows: z.int(),
	bytesBefore: bytes,
	bytesAfter: bytes,
	forgottenRows: z.int(),
	forgottenBytes: bytes,
	failed: z.string().optional(),
});

const policy = {
	retention: z.array(RetentionRule).max(200),
	keep: Keep,
	budgetBytes: z.int().min(10_000_000).nullable(),
	whenFull: z.enum(["warn", "forget-oldest"]),
};

export const StoragePreview = z.object({
	diff: z.string(),
	effects: z.array(z.string()),
	problems: z.array(
		z.object({ code: z.string(), message: z.string(), place: z.string().optional(), hint: z.string().optional() }),
	),
	/** What the next run would forget. */
	forgets: z.array(z.object({ rule: z.int(), tags: z.int(), rows: z.int(), until: ms })),
	revision: z.string(),
});

const builders = ["engineer", "administrator"] as const;

export const storageApi = {
	storage: operation({
		summary: "What the history takes on disk: tiers, days, growth, when it will be full, what is kept how long",
		path: "/history/storage",
		input: z.object({}),
		output: z.object({
			engine: z.string(),
			tiers: z.array(StorageTier),
			days: z.array(z.object({ day: ms, rows: z.int(), bytes, tier: z.enum(["hot", "cold", "brought"]) })),
			disk: z.object({ freeBytes: bytes, totalBytes: bytes }).optional(),
			forecast: StorageForecast,
			policy: z.object({
				retention: z.array(RetentionRule.extend({ covers: z.int().meta({ description: "tags this rule decides" }) })),
				keep: Keep,
				budgetBytes: z.int().nullable(),
				whenFull: z.enum(["warn", "forget-oldest"]),
			}),
			running: z.boolean(),
			nextRunAt: ms.optional(),
			lastRun: StorageRun.optional(),
			state: z.enum(["good", "degraded", "failing"]),
			reason: z.string().optional(),
			hint: z.string().optional(),
		}),
	}),
	tidy: operation({
		summary: "Sort and compress closed days and forget what is too old, now",
		path: "/history/storage/tidy",
		effect: "write",
		allow: builders,
		input: z.object({}),
		output: StorageRun,
	}),
	previewStorage: operation({
		summary: "What another retention or size budget would do, without doing it",
		path: "/history/storage/change/preview",
		effect: "write",
		allow: builders,
		input: z.object(policy),
		output: StoragePreview,
	}),
	applyStorage: operation({
		summary: "Change retention and size budget",
		path: "/history/storage/change/apply",
		effect: "write",
		allow: builders,
		input: z.object({ ...policy, revision: z.string() }),
		output: StoragePreview,
	}),
};
