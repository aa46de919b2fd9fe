import { type Client, DataClass, event, isFilter, operation, type Service } from "@millwright/core";
import * as z from "zod";
import { conversationOperations } from "./api-conversations.ts";
import { GatewaySettings, gatewayOperations } from "./api-gateways.ts";
import { MqttSettings } from "./api-mqtt.ts";

export * from "./api-conversations.ts";
export * from "./api-gateways.ts";
export { GatewayId, UplinkMode, UplinkSettings } from "./uplink/api-uplink.ts";

// ---- the payload contract of the sources -----------------------------------------------------------------------

const Range = z.tuple([z.number(), z.number()]);

/**
 * What stands on a tag's topic, as JSON. `seq` and `historical` are ours; the rest is the document of the sources,
 * which must survive being read and written unchanged (unknown fields in `source` and `context` are kept).
 */
export const TagPayload = z.object({
	timestamp: z.iso
		.datetime({ offset: true, precision: undefined })
		.meta({ description: "source time, up to nine fraction digits" }),
	seq: z.int().min(0).optional(),
	historical: z.literal(true).optional(),
	source: z.looseObject({
		device_id: z.string(),
		location: z.string().optional(),
		protocol: z.string().optional(),
		unit_id: z.number().optional(),
	}),
	measurement: z.looseObject({
		name: z.string(),
		value: z.union([z.number(), z.string(), z.boolean(), z.null()]),
		/** A UCUM code or one of the plain words people write ("Celsius"). */
		unit: z.string().optional(),
		range: Range.optional(),
		quality: z.enum(["Good", "Uncertain", "Bad"]),
		/** Why not good, e.g. "out-of-range". */
		reason: z.string().optional(),
	}),
	context: z.looseObject({}).optional(),
});
export type TagPayload = z.output<typeof TagPayload>;

/** An MQTT 5 broker outside, and as whom one goes there. Files are PEM; a relative path counts from where the server was started. */
const outside = {
	url: z
		.string()
		.regex(/^(mqtts?|wss?):\/\/[^/\s]+/, "An address begins with mqtt://, mqtts://, ws:// or wss://")
		.refine((url) => !/^[a-z]+:\/\/[^/]*@/.test(url), "User and password have settings of their own"),
	username: z.string().optional(),
	/** Better `${env:MILLWRIGHT_SECRET_…}` than the password itself. */
	password: z.string().optional(),
	/** Whom to trust instead of the machine's own list. */
	caFile: z.string().optional(),
	certFile: z.string().optional(),
	keyFile: z.string().optional(),
	/** What may wait while that broker is away or slow; beyond it QoS 0 is dropped first, and every drop is counted. */
	queueMessages: z.int().min(100).max(1_000_000).default(100_000),
	queueBytes: z.int().min(65_536).max(1_073_741_824).default(67_108_864),
};
const ClientId = z.string().regex(/^[\w.:-]{1,64}$/);
const Filter = z.string().refine(isFilter, "Not a topic filter: `#` stands alone and last, `+` alone in its level");

export const OutsideBrokerSettings = z.strictObject({
	kind: z.literal("mqtt"),
	clientId: ClientId.default("millwright"),
	...outside,
});
export type OutsideBrokerSettings = z.output<typeof OutsideBrokerSettings>;

const BridgeRule = z.strictObject({
	filter: Filter,
	/** Stands in front of the topic on the side it is carried to: "plant-a/". */
	prefix: z
		.string()
		.regex(/^[^#+\0]{0,200}$/, "A prefix is the beginning of a topic, without wildcards")
		.optional(),
	qos: z.union([z.literal(0), z.literal(1)]).default(1),
});

export const BridgeSettings = z.strictObject({
	name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
	/** Its session at the other broker; made from the name and this installation when left out. */
	clientId: ClientId.optional(),
	...outside,
	/** From here to there. */
	out: z.array(BridgeRule).max(100).default([]),
	/** From there to here. What falls below the root passes the gate for clients' messages. */
	in: z.array(BridgeRule).max(100).default([]),
});
export type BridgeSettings = z.output<typeof BridgeSettings>;

export const NamespaceSettings = z.strictObject({
	root: z
		.string()
		.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
		.default("udt"),
	/** Whose topics these are: the broker inside, with the settings of `mqtt`, or one outside. Taken at the next start. */
	broker: z
		.discriminatedUnion("kind", [z.strictObject({ kind: z.literal("embedded") }), OutsideBrokerSettings])
		.default({ kind: "embedded" }),
	bridges: z
		.array(BridgeSettings)
		.max(20)
		.refine((bridges) => new Set(bridges.map(({ name }) => name)).size === bridges.length, "Two bridges have the same name")
		.default([]),
	mqtt: MqttSettings.prefault({}),
	deadLetters: z.strictObject({ keep: z.int().min(10).default(1000) }).prefault({}),
	/** Of a centre: what is asked of gateways and granted to them. */
	gateways: GatewaySettings.prefault({}),
});
export type NamespaceSettings = z.output<typeof NamespaceSettings>;

// ---- what can be asked -----------------------------------------------------------------------------------------

export const TopicValue = z.object({
	tag: z.string().meta({ description: "full name: asset path and tag" }),
	topic: z.string(),
	value: z.union([z.number(), z.string(), z.null()]),
	unit: z.string(),
	at: z.int().optional().meta({ unit: "ms since 1970, UTC" }),
	quality: z.string(),
	sequence: z.int().optional(),
	dataClass: DataClass,
});
export type TopicValue = z.output<typeof TopicValue>;

export const TreeNode = z.object({
	name: z.string(),
	/** From the root's children on; without the root. */
	path: z.string(),
	/** Levels directly below. */
	children: z.int(),
	/** Tags anywhere below. */
	tags: z.int(),
	/** Of the tags below: not good or stale. */
	abnormal: z.int(),
	tag: TopicValue.optional(),
});
export type TreeNode = z.output<typeof TreeNode>;

export const DeadLetter = z.object({
	id: z.int(),
	at: z.int().meta({ unit: "ms since 1970, UTC" }),
	topic: z.string(),
	client: z.string(),
	principal: z.string(),
	code: z.string(),
	reason: z.string(),
	/** First 2,000 characters. */
	payload: z.string(),
	bytes: z.int(),
});
export type DeadLetter = z.output<typeof DeadLetter>;

export const MqttClientInfo = z.object({
	id: z.string(),
	principal: z.string(),
	address: z.string(),
	protocol: z.string(),
	version: z.int(),
	connectedAt: z.int(),
	subscriptions: z.array(z.string()),
	queuedBytes: z.int(),
	dropped: z.int(),
	received: z.int(),
	sent: z.int(),
});

export const BridgeInfo = z.object({
	name: z.string(),
	url: z.string(),
	state: z.enum(["connected", "away"]),
	since: z.int().meta({ unit: "ms since 1970, UTC" }),
	reason: z.string().optional().meta({ description: "why it is away" }),
	forwardedOut: z.int().meta({ description: "messages the other broker has taken" }),
	forwardedIn: z.int(),
	waiting: z.int(),
	dropped: z.int().meta({ description: "for want of room while it was away or slow" }),
	refused: z.int().meta({ description: "by the other broker, or by the gate here" }),
	loops: z.int().meta({ description: "stopped because they had been over this bridge before" }),
});
export type BridgeInfo = z.output<typeof BridgeInfo>;

const page = { limit: z.int().min(1).max(5000).default(500), offset: z.int().min(0).default(0) };

export const namespaceApi = {
	tree: operation({
		summary: "One level of the topic tree, with counts and the newest values of its tags",
		path: "/namespace/tree",
		input: z.object({ path: z.string().default(""), ...page }),
		output: z.object({ root: z.string(), nodes: z.array(TreeNode), total: z.int() }),
	}),
	search: operation({
		summary: "Tags whose name holds every word",
		path: "/namespace/search",
		input: z.object({ words: z.string(), ...page }),
		output: z.object({ tags: z.array(TopicValue), total: z.int() }),
	}),
	topic: operation({
		summary: "One topic: its payload as subscribers see it, its pace and its source",
		path: "/namespace/topic",
		input: z.object({ tag: z.string() }),
		output: z.object({
			value: TopicValue,
			payload: z.record(z.string(), z.unknown()),
			perMinute: z.number().meta({ description: "messages in the last full minute" }),
			bytes: z.int(),
			source: z.object({
				connection: z.string(),
				external: z.boolean(),
				client: z.string().optional().meta({ description: "the MQTT client that published last, of an external topic" }),
			}),
		}),
	}),
	deadLetters: operation({
		summary: "Messages that broke the contract, newest first, with the reason",
		path: "/namespace/dead-letters",
		input: z.object({ ...page }),
		output: z.object({ letters: z.array(DeadLetter), total: z.int() }),
	}),
	clients: operation({
		summary: "MQTT clients, what they subscribe to and how full their queues are",
		path: "/namespace/clients",
		allow: ["engineer", "security", "administrator"],
		input: z.object({}),
		output: z.object({ clients: z.array(MqttClientInfo), figures: z.record(z.string(), z.number()) }),
	}),
	...conversationOperations,
	bridges: operation({
		summary: "Bridges to other MQTT brokers: state, since when, what they carried and what waits",
		path: "/namespace/bridges",
		allow: ["engineer", "security", "administrator"],
		input: z.object({}),
		output: z.object({ bridges: z.array(BridgeInfo) }),
	}),
	...gatewayOperations,
};
export type Namespace = Service<typeof namespaceApi>;
export type NamespaceClient = Client<typeof namespaceApi>;

export const contractBroken = event({
	name: "namespace.contract-broken",
	summary: "A message broke the payload contract and went to the dead letters",
	data: DeadLetter,
});
