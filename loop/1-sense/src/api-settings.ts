import { DataClass, Duration } from "@millwright/core";
import * as z from "zod";

export const TagKind = z.enum(["number", "integer", "boolean", "text"]);
export type TagKind = z.output<typeof TagKind>;

const outside = z.enum(["uncertain", "bad", "drop"]);

const stages = {
	scale: z.number(),
	offset: z.number(),
	/** Decimal places kept after scaling. */
	round: z.int().min(0).max(12).optional(),
	/** UCUM unit the machine speaks, converted to the tag's own. */
	fromUnit: z.string().optional(),
	/** Plausible range in the tag's unit, both ends inclusive. */
	range: z
		.strictObject({ min: z.number().optional(), max: z.number().optional(), outside: outside.default("uncertain") })
		.optional(),
	/** Greatest plausible change per second, in the tag's unit. */
	rate: z.strictObject({ perSecond: z.number().positive(), outside: outside.default("uncertain") }).optional(),
	/** A value that does not change at all for so long is stuck. */
	stuckAfter: Duration.optional(),
	/** Neighbouring tags published with the value: names below the same asset, or full names. */
	context: z
		.strictObject({ setpoint: z.string().optional(), mode: z.string().optional(), alarm: z.string().optional() })
		.optional(),
	/** What is passed on. Quality changes always are. */
	pass: z.discriminatedUnion("by", [
		z.strictObject({ by: z.literal("all") }),
		z.strictObject({ by: z.literal("sample"), every: Duration }),
		/** Passes a change of at least `absolute` or `percent` of the last passed value, and one value each `atLeastEvery`. */
		z.strictObject({
			by: z.literal("deadband"),
			absolute: z.number().nonnegative().optional(),
			percent: z.number().nonnegative().optional(),
			atLeastEvery: Duration.optional(),
		}),
		/** Straight lines with a greatest deviation in the tag's unit. */
		z.strictObject({ by: z.literal("swinging-door"), deviation: z.number().positive(), atLeastEvery: Duration.optional() }),
		/** Per window: mean under the tag's own name; min, max, stddev and count under `<tag>.min` … */
		z.strictObject({ by: z.literal("summary"), window: Duration }),
	]),
};

/** The way of one value, stage by stage; what is left out does nothing. */
export const Pipeline = z.strictObject({
	...stages,
	scale: stages.scale.default(1),
	offset: stages.offset.default(0),
	pass: stages.pass.default({ by: "all" }),
});
export type Pipeline = z.output<typeof Pipeline>;

/** Only the stages that are written down, so that what lies below shows through the others. */
export const PipelineStages = z.strictObject(stages).partial();
export type PipelineStages = z.output<typeof PipelineStages>;

const tagFields = {
	/** Checked by the driver's own schema. */
	address: z.record(z.string(), z.unknown()),
	kind: TagKind.default("number"),
	/** UCUM, e.g. "Cel", "bar", "mm/s", "/min", "%", "1". */
	unit: z.string().default("1"),
	dataClass: DataClass.default("internal"),
	/** How often it is read; the connection's own pace when left out. */
	every: Duration.optional(),
	/** No good value for so long turns it stale; three times the pace, at least 5 s, when left out. */
	staleAfter: Duration.optional(),
	/** May be written through the platform. */
	writable: z.boolean().default(false),
	pipeline: Pipeline.prefault({}),
};

/** One tag, written out. */
export const TagSettings = z.strictObject({ ...tagFields });
export type TagSettings = z.output<typeof TagSettings>;

/** A kind of machine: its tags by name, with addresses to be shifted or filled in per machine. */
export const MachineMap = z.strictObject({
	title: z.string().optional(),
	driver: z.string(),
	/** Laid under every tag's own pipeline: a stage that a tag writes down itself replaces it. */
	pipeline: PipelineStages.optional(),
	tags: z.record(z.string(), TagSettings.extend({ pipeline: PipelineStages.default({}) })),
});
export type MachineMap = z.output<typeof MachineMap>;

export const ConnectionSettings = z.strictObject({
	driver: z.string(),
	enabled: z.boolean().default(true),
	title: z.string().optional(),
	/** Checked by the driver's own schema. */
	settings: z.record(z.string(), z.unknown()),
	/** Pace of reading, or the sampling interval of a subscription. */
	every: Duration.default(1000),
	/** One request without an answer for so long has failed. */
	timeout: Duration.default(3000),
	/** Requests under way at once. */
	inFlight: z.int().min(1).max(64).default(4),
	/** Pause between requests, for weak devices. */
	pause: Duration.default(0),
	/** How neighbours are joined into one request (block drivers). */
	blocks: z
		.strictObject({
			/** Units a request may carry; the driver's limit when left out. */
			maxLength: z.int().min(1).optional(),
			/** Unused units that may be read along to save a request. */
			maxGap: z.int().min(0).default(8),
			/** Never touched: the device answers them with an exception, or worse. */
			forbidden: z.array(z.strictObject({ space: z.string(), start: z.int().min(0), length: z.int().min(1) })).default([]),
			/** Each tag in a request of its own. */
			oneByOne: z.boolean().default(false),
		})
		.prefault({}),
	/** Waiting time before trying again: doubled from first to longest, with a little chance so that a plant does not knock in step. */
	retry: z.strictObject({ first: Duration.default(500), longest: Duration.default(30_000) }).prefault({}),
	/** Machines behind this connection, by map. */
	machines: z
		.array(
			z.strictObject({
				/** Asset path, e.g. northworks/building-a/line-1/cnc-1. */
				asset: z.string(),
				map: z.string(),
				/** Added to the address fields of that name: { register: 100 }. */
				shift: z.record(z.string(), z.number()).default({}),
				/** Fills {name} in the text fields of addresses: { node: "CNC1" }. */
				with: z.record(z.string(), z.string()).default({}),
			}),
		)
		.default([]),
	/** Tags written out, by full name. */
	tags: z.record(z.string(), TagSettings).default({}),
});
export type ConnectionSettings = z.output<typeof ConnectionSettings>;

export const SenseSettings = z.strictObject({
	/** What is kept on this machine until the history has it, and some time after for questions. */
	ring: z
		.strictObject({
			/** Nothing stays longer, acknowledged or not: what nobody took by then is lost, and counted. */
			keep: Duration.default(72 * 3_600_000),
			/**
			 * How long samples stay that are safe elsewhere, for questions and for a history that lost some; what is not yet
			 * acknowledged has priority over them. One hour beside a history, 72 hours at an edge that sends summaries.
			 */
			keepAcknowledged: Duration.optional(),
			maxBytes: z.number().int().min(1_000_000).default(4_000_000_000),
			/**
			 * Commits begin at least so far apart, so that rows share one fsync. At rest a commit begins at once. More is kinder to
			 * flash memory and to the processor, less is faster: about half of it is added to the way of a value.
			 */
			group: Duration.default(5),
		})
		.prefault({}),
	maps: z.record(z.string(), MachineMap).default({}),
	connections: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), ConnectionSettings).default({}),
});
export type SenseSettings = z.output<typeof SenseSettings>;
