import { event, operation } from "@millwright/core";
import { Ledger } from "@millwright/sense/api";
import * as z from "zod";
import { GatewayId, UplinkMode } from "./uplink/api-uplink.ts";

/** What a gateway may own: everything at or below a place, "northworks/building-a/line-1". */
const Place = z
	.string()
	.min(1)
	.max(512)
	.regex(/^[a-z0-9][a-z0-9._-]{0,63}(\/[a-z0-9][a-z0-9._-]{0,63})*$/)
	.meta({ description: "a path: the gateway may own the tags below it" });

const ms = z.int().meta({ unit: "ms since 1970, UTC" });

/** `namespace.gateways:` in the centre's configuration. */
export const GatewaySettings = z.strictObject({
	/** Clocks further apart than this are said to be wrong, ms. */
	skewMs: z.int().min(1).default(1000),
	/** Values of a gateway whose clock is wrong become uncertain; else only the clock is reported. */
	skewMakesUncertain: z.boolean().default(false),
	/** How long a batch that overtook another waits for it, ms. */
	reorderMs: z.int().min(0).max(60_000).default(1000),
	/** Rows of a gateway that may wait so. */
	reorderRows: z.int().min(1000).default(500_000),
	/** Numbers missing for so long are asked for again, ms. */
	askAgainMs: z.int().min(500).default(5000),
	/** A gateway that says nothing for so long is away, ms. */
	silenceMs: z.int().min(1000).default(10_000),
	/** How often receipts go out, ms. */
	receiptMs: z.int().min(5).max(5000).default(50),
	/** Tags a gateway may own. */
	maxTags: z.int().min(1).default(200_000),
});
export type GatewaySettings = z.output<typeof GatewaySettings>;

export const GatewayState = z.enum(["never-seen", "connected", "away", "revoked"]);
export type GatewayState = z.output<typeof GatewayState>;

export const GatewayConnection = z.object({
	connection: z.string().meta({ description: "at the gateway" }),
	known: z.string().meta({ description: "here: <gateway>/<connection>" }),
	mode: UplinkMode,
	priority: z.int(),
	/** Numbers: the highest given at the gateway, and the highest up to which nothing is missing here. */
	through: z.int(),
	storedThrough: z.int(),
	/** Numbers between the lowest and the highest stored that are not here, and the first such ranges. */
	missing: z.int(),
	gaps: z.array(z.object({ first: z.int(), last: z.int() })),
	backlogRows: z.int(),
	ledger: Ledger,
});
export type GatewayConnection = z.output<typeof GatewayConnection>;

export const GatewayRefusals = z.object({
	malformed: z.int(),
	forged: z.int().meta({ description: "signature, key or gateway wrong" }),
	replayed: z.int().meta({ description: "messages older than what was heard already" }),
	unknownTags: z.int().meta({ description: "batches with a tag that the gateway's dictionary does not hold" }),
	foreignTags: z.int().meta({ description: "samples of tags that the gateway may not own, left out" }),
	duplicate: z.int().meta({ description: "samples whose number was here already" }),
	overflow: z.int().meta({ description: "batches let go of because too much waited; they come again" }),
});
export type GatewayRefusals = z.output<typeof GatewayRefusals>;

export const GatewaySummary = z.object({
	gateway: GatewayId,
	title: z.string(),
	paths: z.array(z.string()),
	state: GatewayState,
	reason: z.string().optional(),
	admittedAt: ms,
	lastSeenAt: ms.optional(),
	version: z.string().optional(),
	keys: z.array(z.object({ key: z.string(), madeAt: ms, until: ms.optional() })),
	tags: z.int(),
	refusedTags: z.int(),
	offsetMs: z.number().optional().meta({ unit: "ms", description: "gateway's clock minus the centre's" }),
	roundTripMs: z.number().optional().meta({ unit: "ms" }),
	skewed: z.boolean(),
	backlogRows: z.int(),
	backlogBytes: z.int(),
	oldestAt: ms.optional().meta({ description: "of what waits at the gateway" }),
	bytesPerSecond: z.number(),
	budget: z.int().nullable().meta({ unit: "By/s" }),
	valuesPerSecond: z.number(),
	refusals: GatewayRefusals,
	connections: z.array(GatewayConnection),
});
export type GatewaySummary = z.output<typeof GatewaySummary>;

export const AskedRaw = z.object({
	ask: z.string(),
	connections: z.array(z.string()),
	from: ms,
	until: ms,
	state: z.enum(["waiting", "running", "done", "failed"]),
	rows: z.int().meta({ description: "sent by the gateway so far" }),
	reason: z.string().optional(),
	askedAt: ms,
});
export type AskedRaw = z.output<typeof AskedRaw>;

const MadeKey = z.object({
	gateway: GatewayId,
	key: z.string().meta({ description: "shown this once; belongs in the gateway's environment" }),
	keyId: z.string(),
});

const keepers = ["engineer", "security", "administrator"] as const;

export const gatewayOperations = {
	gateways: operation({
		summary: "Every gateway: state, clock, backlog, uplink, and per connection what was sent and what is stored",
		path: "/namespace/gateways",
		input: z.object({}),
		output: z.object({ gateways: z.array(GatewaySummary) }),
	}),
	gateway: operation({
		summary: "One gateway, with the tags that were refused and what was asked of it",
		path: "/namespace/gateway",
		input: z.object({ gateway: GatewayId }),
		output: z.object({
			gateway: GatewaySummary,
			refused: z.array(z.object({ tag: z.string(), reason: z.string() })),
			asked: z.array(AskedRaw),
		}),
	}),
	admitGateway: operation({
		summary: "Let a gateway in: makes its key, which is shown this once",
		path: "/namespace/gateways/admit",
		effect: "write",
		allow: keepers,
		input: z.object({ gateway: GatewayId, title: z.string().max(200).default(""), paths: z.array(Place).min(1).max(100) }),
		output: MadeKey,
	}),
	rotateGatewayKey: operation({
		summary: "A new key for a gateway; the old one opens for a while longer",
		path: "/namespace/gateways/rotate",
		effect: "write",
		allow: keepers,
		input: z.object({ gateway: GatewayId, oldKeyForMinutes: z.number().min(0).max(43_200).default(60) }),
		output: MadeKey,
	}),
	revokeGateway: operation({
		summary: "Shut a gateway out at once; what it sent stays",
		path: "/namespace/gateways/revoke",
		effect: "write",
		allow: keepers,
		input: z.object({ gateway: GatewayId }),
		output: z.object({ gateway: GatewayId }),
	}),
	askRaw: operation({
		summary: "Bring up the samples behind a gateway's summaries, for a time range",
		path: "/namespace/gateways/ask-raw",
		effect: "write",
		allow: ["engineer", "quality", "maintenance", "operations-manager", "administrator"],
		input: z
			.object({
				gateway: GatewayId,
				/** At the gateway; or leave it to the tags. */
				connection: z.string().optional(),
				tags: z
					.array(z.string())
					.max(1000)
					.optional()
					.meta({ description: "full names; the connections they come from are asked" }),
				from: ms,
				until: ms,
			})
			.refine(({ connection, tags }) => connection !== undefined || (tags !== undefined && tags.length > 0), {
				message: "name a connection or tags",
			})
			.refine(({ from, until }) => from < until, { message: "the range ends before it begins", path: ["until"] }),
		output: AskedRaw,
	}),
};

export const gatewayChanged = event({
	name: "namespace.gateway-changed",
	summary: "A gateway came, went, was admitted or shut out",
	data: z.object({ gateway: z.string(), state: GatewayState, reason: z.string().optional(), at: z.int() }),
});
export const gatewaySkewed = event({
	name: "namespace.gateway-skewed",
	summary: "A gateway's clock and the centre's are too far apart, or agree again",
	data: z.object({ gateway: z.string(), offsetMs: z.number(), skewed: z.boolean(), at: z.int() }),
});
export const gatewayRefused = event({
	name: "namespace.gateway-refused",
	summary: "A message in a gateway's name was refused",
	data: z.object({ gateway: z.string(), code: z.string(), reason: z.string(), client: z.string(), at: z.int() }),
});
