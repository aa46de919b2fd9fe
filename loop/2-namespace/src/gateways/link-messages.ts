import { DataClass } from "@millwright/core";
import { Ledger } from "@millwright/sense/api";
import * as z from "zod";
import { UplinkMode } from "../uplink/api-uplink.ts";

/** The JSON inside `state`, `tags`, `receipt` and `ask` messages. Low rate; batches are bytes. */

const Ranges = z.array(z.tuple([z.int().min(0), z.int().min(-1)])).max(2000);
export type Ranges = z.output<typeof Ranges>;
const name = z.string().min(1).max(256);

/** One tag as a gateway describes it; `id` is the gateway's own. */
export const WireTag = z.object({
	id: z.int().min(1).max(0xffff_ffff),
	tag: z.string().min(1).max(512),
	/** Left out: not configured now; what the centre knew of it stays. */
	facts: z
		.object({
			connection: name,
			unit: z.string().max(64),
			kind: z.enum(["number", "integer", "boolean", "text"]),
			dataClass: DataClass,
			device: z.string().max(256),
			protocol: z.string().max(64),
			unitId: z.number().optional(),
			range: z.object({ min: z.number().optional(), max: z.number().optional() }).optional(),
			context: z
				.object({ setpoint: z.string().optional(), mode: z.string().optional(), alarm: z.string().optional() })
				.optional(),
			/** Left out: silence means nothing. */
			staleAfterMs: z.number().optional(),
		})
		.optional(),
});
export type WireTag = z.output<typeof WireTag>;

/** The dictionary in parts, deflated; complete when the last part is here. `replaces`: begins anew instead of adding. */
export const TagsMessage = z.object({
	version: z.int().min(1),
	part: z.int().min(0).max(100_000),
	parts: z.int().min(1).max(100_000),
	tags: z.array(WireTag).max(20_000),
});
export type TagsMessage = z.output<typeof TagsMessage>;

export const StateMessage = z.object({
	/** Begins a session: the centre answers with everything it has stored. */
	hello: z.boolean().default(false),
	/** The will: the line broke. */
	gone: z.boolean().default(false),
	/** Of the line, so that a will of an earlier one says nothing. */
	line: z.int().min(0).default(0),
	version: z.string().max(64).default(""),
	dictionary: z.int().min(0).default(0),
	offsetMs: z.number().optional(),
	roundTripMs: z.number().optional(),
	bytesPerSecond: z.number().min(0).default(0),
	budget: z.int().nullable().default(null),
	backlogBytes: z.number().min(0).default(0),
	oldestAt: z.number().optional(),
	connections: z
		.record(
			name,
			z.object({
				mode: UplinkMode,
				priority: z.int(),
				through: z.int().min(-1),
				backlogRows: z.number().min(0),
				/** Still to come from the gateway's store: not missing, only late. */
				owed: Ranges,
				/** Was safe at the centre and is there no more; comes again as far as the gateway still keeps it. */
				lost: Ranges.default([]),
				ledger: Ledger.optional(),
			}),
		)
		.default({}),
	asked: z
		.array(
			z.object({
				ask: name,
				state: z.enum(["running", "done", "failed"]),
				rows: z.int().min(0),
				reason: z.string().max(500).optional(),
			}),
		)
		.max(100)
		.default([]),
});
export type StateMessage = z.output<typeof StateMessage>;

export const ReceiptMessage = z.object({
	/** Of the gateway, so that a receipt of another time says nothing. */
	epoch: z.int(),
	line: z.int(),
	/** Rises with each start of the centre. */
	boot: z.number(),
	/** The state message this answers, and when it came: for the clocks. */
	echo: z.object({ counter: z.int(), sentAtMs: z.number(), receivedAtMs: z.number() }).optional(),
	/** Answers a hello: `stored` holds everything. */
	hello: z.boolean().default(false),
	/** Durable in the centre's history, by connection. */
	stored: z.record(name, Ranges).default({}),
	/** Missing or let go of: send again. */
	again: z.record(name, Ranges).default({}),
	/** The dictionary the centre holds; 0 for none. */
	dictionary: z.int().min(0),
	refusedTags: z.int().min(0).default(0),
	/** Undefined while the history takes everything. */
	trouble: z.string().optional(),
});
export type ReceiptMessage = z.output<typeof ReceiptMessage>;

export const AskMessage = z.object({
	epoch: z.int(),
	ask: name,
	connections: z.array(name).min(1).max(1000),
	from: z.number(),
	until: z.number(),
});
export type AskMessage = z.output<typeof AskMessage>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export const jsonBytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** Undefined where the bytes are not what the schema says. */
export function readJson<S extends z.ZodType>(schema: S, bytes: Uint8Array): z.output<S> | undefined {
	try {
		const parsed = schema.safeParse(JSON.parse(decoder.decode(bytes)));
		return parsed.success ? parsed.data : undefined;
	} catch {
		return undefined;
	}
}
