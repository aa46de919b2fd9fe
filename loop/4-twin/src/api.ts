import { type Client, channel, DataClass, event, operation, type SampleBatch, type Service } from "@millwright/core";
import * as z from "zod";

/** Derived samples of the batch just applied, under the connection `twin:<connection>` and its sequence numbers. */
export const derivedSamples = channel<SampleBatch>("twin.derived-samples");

/** A name in the languages of the product; a plain string serves all. */
export const Words = z.union([z.string(), z.record(z.string(), z.string())]);
export type Words = z.output<typeof Words>;

export const Limits = z.strictObject({
	highHigh: z.number().optional(),
	high: z.number().optional(),
	low: z.number().optional(),
	lowLow: z.number().optional(),
	/** How far a value must come back before the limit clears, in the tag's unit. */
	deadband: z.number().nonnegative().default(0),
	/** How long it must last before it is raised, ms. */
	onDelayMs: z.number().nonnegative().default(0),
});
export type Limits = z.output<typeof Limits>;

export const TemplateTag = z.strictObject({
	title: Words.optional(),
	/** UCUM; samples in another unit of the same dimension are refused at configuration, not converted in silence. */
	unit: z.string().default("1"),
	kind: z.enum(["number", "integer", "boolean", "text"]).default("number"),
	/** Ends of the scale shown. */
	range: z.tuple([z.number(), z.number()]).optional(),
	/** Where a healthy machine runs. */
	normal: z.tuple([z.number(), z.number()]).optional(),
	limits: Limits.optional(),
	decimals: z.int().min(0).max(9).optional(),
	/** Words for the values of an integer or boolean: { "0": "Stopped", "6": "Execute" }. */
	states: z.record(z.string(), Words).optional(),
	/** Shown on the overview, in this order. */
	overview: z.int().min(1).max(20).optional(),
	dataClass: DataClass.default("internal"),
	/** CEL over the asset's own tags, by name with hyphens as underscores; makes this a derived tag. */
	expression: z.string().optional(),
});
export type TemplateTag = z.output<typeof TemplateTag>;

export const AssetTemplate = z.strictObject({
	title: Words.optional(),
	/** Drawn on screens: "cnc", "robot", "conveyor", "pump", "reactor", "oven", "meter", "room", "machine". */
	symbol: z.string().default("machine"),
	/** Name of the tag that says what the machine does (a `states` tag). */
	state: z.string().optional(),
	tags: z.record(z.string(), TemplateTag),
});
export type AssetTemplate = z.output<typeof AssetTemplate>;

export const TwinSettings = z.strictObject({
	templates: z.record(z.string(), AssetTemplate).default({}),
	/** Names of places above assets, by path: { "northworks/building-a/line-1": { title, level } }. */
	places: z
		.record(z.string(), z.strictObject({ title: Words.optional(), level: z.string().optional(), order: z.number().default(0) }))
		.default({}),
	/** Assets by path. */
	assets: z
		.record(
			z.string(),
			z.strictObject({
				template: z.string(),
				title: Words.optional(),
				order: z.number().default(0),
				/** Facts that rarely change: manufacturer, model, serial number, installed. */
				about: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
				/** Overrides by tag name. */
				limits: z.record(z.string(), Limits.partial()).default({}),
			}),
		)
		.default({}),
	/** The budget of the sources, of which each stage shows its share. */
	budgetMs: z.number().default(300),
});
export type TwinSettings = z.output<typeof TwinSettings>;

export const LimitLevel = z.enum(["highHigh", "high", "low", "lowLow"]);

export const TagState = z.object({
	name: z.string(),
	tag: z.string().meta({ description: "full name" }),
	title: Words,
	unit: z.string(),
	kind: z.string(),
	value: z.union([z.number(), z.string(), z.null()]),
	at: z.int().optional().meta({ unit: "ms since 1970, UTC" }),
	/** Of the newest good value. */
	lastGoodAt: z.int().optional().meta({ unit: "ms since 1970, UTC" }),
	quality: z.string(),
	/** Which limit it is beyond now. */
	limit: LimitLevel.optional(),
	limits: Limits.optional(),
	range: z.tuple([z.number(), z.number()]).optional(),
	normal: z.tuple([z.number(), z.number()]).optional(),
	decimals: z.int().optional(),
	states: z.record(z.string(), Words).optional(),
	overview: z.int().optional(),
	derived: z.string().optional().meta({ description: "the expression, of a derived tag" }),
	dataClass: DataClass,
});
export type TagState = z.output<typeof TagState>;

/** good: live and within limits; abnormal: beyond a limit; stale: some values not good; disconnected: none is. */
export const Condition = z.enum(["good", "abnormal", "stale", "disconnected"]);
export type Condition = z.output<typeof Condition>;

export const AssetState = z.object({
	asset: z.string(),
	title: Words,
	template: z.string(),
	symbol: z.string(),
	place: z.string(),
	about: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
	condition: Condition,
	/** Worst limit now: critical for highHigh and lowLow, high for high and low. */
	severity: z.enum(["critical", "high"]).optional(),
	/** The machine's own state in words, where the template names one. */
	state: Words.optional(),
	lastGoodAt: z.int().optional().meta({ unit: "ms since 1970, UTC" }),
	tags: z.array(TagState),
});
export type AssetState = z.output<typeof AssetState>;

export const Place = z.object({
	path: z.string(),
	title: Words,
	level: z.string(),
	order: z.number(),
	assets: z.int(),
	abnormal: z.int(),
	disconnected: z.int(),
});

export const LimitEvent = z.object({
	id: z.string(),
	asset: z.string(),
	tag: z.string(),
	level: LimitLevel,
	severity: z.enum(["critical", "high"]),
	limit: z.number(),
	/** The value that raised it, and the farthest since. */
	value: z.number(),
	worst: z.number(),
	unit: z.string(),
	raisedAt: z.int().meta({ unit: "ms since 1970, UTC, source time" }),
	clearedAt: z.int().optional().meta({ unit: "ms since 1970, UTC, source time" }),
});
export type LimitEvent = z.output<typeof LimitEvent>;

export const Stage = z
	.object({
		stage: z.enum(["wait", "ingest", "state", "derive", "compare", "publish", "cycle"]),
		p50: z.number(),
		p99: z.number(),
		max: z.number(),
	})
	.meta({ unit: "ms" });

const page = { limit: z.int().min(1).max(1000).default(200), offset: z.int().min(0).default(0) };

export const twinApi = {
	overview: operation({
		summary: "Every place and asset with its condition and the values that matter, abnormal first",
		path: "/twin/overview",
		input: z.object({ below: z.string().default("") }),
		output: z.object({
			places: z.array(Place),
			assets: z.array(AssetState),
			counts: z.object({ assets: z.int(), tags: z.int(), abnormal: z.int(), stale: z.int(), disconnected: z.int() }),
		}),
	}),
	state: operation({
		summary: "One asset's state vector, each value with its quality and age",
		path: "/twin/state",
		input: z.object({ asset: z.string() }),
		output: AssetState,
	}),
	values: operation({
		summary: "The newest values of tags, from memory",
		path: "/twin/values",
		input: z.object({ tags: z.array(z.string()).min(1).max(2000) }),
		output: z.object({
			values: z.array(
				z.object({
					tag: z.string(),
					value: z.union([z.number(), z.string(), z.null()]),
					at: z.int().optional(),
					quality: z.string(),
				}),
			),
		}),
	}),
	search: operation({
		summary: "Assets whose name, title or facts hold every word",
		path: "/twin/search",
		input: z.object({ words: z.string(), limit: z.int().min(1).max(200).default(30) }),
		output: z.object({
			assets: z.array(z.object({ asset: z.string(), title: Words, symbol: z.string(), condition: Condition })),
		}),
	}),
	templates: operation({
		summary: "Asset templates: tags, units, limits of each kind of machine",
		path: "/twin/templates",
		input: z.object({}),
		output: z.object({ templates: z.record(z.string(), AssetTemplate) }),
	}),
	limitEvents: operation({
		summary: "Limits raised and cleared, newest first",
		path: "/twin/limit-events",
		input: z.object({
			asset: z.string().optional(),
			active: z.boolean().optional(),
			from: z.number().optional(),
			until: z.number().optional(),
			...page,
		}),
		output: z.object({ events: z.array(LimitEvent), total: z.int() }),
	}),
	setLimits: operation({
		summary: "Change an asset's limits on one tag",
		path: "/twin/limits",
		effect: "write",
		allow: ["engineer", "quality", "operations-manager", "administrator"],
		input: z.object({
			asset: z.string(),
			name: z.string(),
			limits: Limits.partial().nullable().meta({ description: "null goes back to the template" }),
		}),
		output: AssetState,
	}),
	addAssets: operation({
		summary: "Add or replace assets and, with them, templates and places",
		path: "/twin/assets",
		effect: "write",
		allow: ["engineer", "administrator"],
		input: z.object({
			assets: z.record(z.string(), z.record(z.string(), z.unknown())),
			templates: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
			places: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
		}),
		output: z.object({ diff: z.string() }),
	}),
	stages: operation({
		summary: "Where the time of a twin cycle goes, against its budget",
		path: "/twin/stages",
		input: z.object({}),
		output: z.object({
			budgetMs: z.number(),
			cycles: z.int(),
			values: z.int(),
			late: z.int().meta({ description: "cycles over budget" }),
			stages: z.array(Stage),
		}),
	}),
};
export type Twin = Service<typeof twinApi>;
export type TwinClient = Client<typeof twinApi>;

export const limitRaised = event({ name: "twin.limit-raised", summary: "A value went beyond a static limit", data: LimitEvent });
export const limitCleared = event({
	name: "twin.limit-cleared",
	summary: "A value came back within its limits",
	data: LimitEvent,
});
export const conditionChanged = event({
	name: "twin.condition-changed",
	summary: "An asset became abnormal, stale, disconnected or good again",
	data: z.object({ asset: z.string(), condition: Condition, severity: z.enum(["critical", "high"]).optional(), at: z.int() }),
});
