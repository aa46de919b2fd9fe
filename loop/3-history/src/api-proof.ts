import { operation } from "@millwright/core";
import * as z from "zod";

const ms = z.number().meta({ unit: "ms since 1970, UTC" });
const span = { from: ms, until: ms.meta({ description: "exclusive" }) };

/** How well a tag was known over a time. */
export const TagCompleteness = z.object({
	tag: z.string(),
	samples: z.int(),
	good: z.int(),
	/** Of the time, 0 to 1: covered by a good value, which holds until the next sample. */
	covered: z.number(),
	/** The same for each bucket, oldest first. */
	strip: z.array(z.number()),
	/** Spans not covered, as fine as the buckets, longest first; at most 20. */
	gaps: z.array(z.object({ from: ms, until: ms })),
});
export type TagCompleteness = z.output<typeof TagCompleteness>;

export const Integrity = z.object({
	connection: z.string(),
	/** Computed from another connection's samples: it holds numbers only where there was something to compute. */
	derived: z.boolean(),
	first: z.int(),
	last: z.int(),
	stored: z.int().meta({ description: "numbers stored, those said never to come included" }),
	missing: z.int().meta({ description: "0 for derived ones; numbers that came as a summary are not missing" }),
	/** Closed intervals, oldest first; at most 100. */
	holes: z.array(z.object({ first: z.int(), last: z.int() })),
	duplicates: z.int().meta({ description: "samples that came again and were dropped, since start" }),
});

export const proofApi = {
	integrity: operation({
		summary: "Which sequence numbers of every connection are stored, and which are missing",
		path: "/history/integrity",
		input: z.object({}),
		output: z.object({ at: ms, connections: z.array(Integrity) }),
	}),
	completeness: operation({
		summary: "How well tags were known over a time: samples, share of time with a good value, gaps",
		path: "/history/completeness",
		input: z.object({
			tags: z.array(z.string()).max(200).default([]),
			/** Or every tag below an asset path. */
			path: z.string().optional(),
			...span,
			buckets: z.int().min(10).max(500).default(120),
		}),
		output: z.object({
			bucketMs: z.number().meta({ unit: "ms" }),
			tags: z.array(TagCompleteness),
			/** How many there are below the path; at most 200 are answered. */
			total: z.int(),
		}),
	}),
	statement: operation({
		summary: "A statement of completeness as a file: every connection's numbers, every tag's coverage, with a checksum",
		path: "/history/statement",
		effect: "write",
		download: true,
		dataClass: "confidential",
		allow: ["plant-manager", "operations-manager", "quality", "engineer", "security", "administrator"],
		input: z.object({ tags: z.array(z.string()).max(200).default([]), path: z.string().optional(), ...span }),
		output: z.any(),
	}),
};
