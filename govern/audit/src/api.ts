import { type Client, operation, type Service } from "@millwright/core";
import * as z from "zod";

/** One link of the chain. `hash` is SHA-256 over the previous hash and the canonical JSON of the rest. */
export const AuditEntry = z.object({
	number: z.int(),
	at: z.int().meta({ unit: "ms since 1970, UTC" }),
	who: z.object({ id: z.string(), name: z.string(), from: z.string() }),
	/** "<step>.<operation>". */
	what: z.string(),
	/** What it was done to, as far as the input says: a connection, an asset, a person. */
	on: z.string(),
	/** The input without its secrets. */
	input: z.unknown(),
	why: z.string(),
	outcome: z.enum(["done", "refused", "failed"]),
	/** Error code when not done. */
	code: z.string(),
	previous: z.string(),
	hash: z.string(),
});
export type AuditEntry = z.output<typeof AuditEntry>;

const readers = ["security", "administrator", "plant-manager"] as const;

export const auditApi = {
	entries: operation({
		summary: "Who did what, when and why; newest first",
		path: "/audit/entries",
		allow: readers,
		dataClass: "confidential",
		input: z.object({
			who: z.string().optional(),
			what: z.string().optional(),
			on: z.string().optional(),
			outcome: z.enum(["done", "refused", "failed"]).optional(),
			from: z.number().optional(),
			until: z.number().optional(),
			limit: z.int().min(1).max(1000).default(100),
			before: z.int().optional().meta({ description: "only entries with a smaller number, for paging" }),
		}),
		output: z.object({ entries: z.array(AuditEntry), total: z.int() }),
	}),
	verify: operation({
		summary: "Walk the whole chain and say where it breaks",
		path: "/audit/verify",
		allow: readers,
		dataClass: "confidential",
		input: z.object({}),
		output: z.object({
			whole: z.boolean(),
			entries: z.int(),
			head: z.string(),
			brokenAt: z.int().optional(),
			reason: z.string().optional(),
		}),
	}),
};
export type Audit = Service<typeof auditApi>;
export type AuditClient = Client<typeof auditApi>;
