import {
	type Client,
	channel,
	DataClass,
	event,
	type NumberRange,
	operation,
	type SampleBatch,
	type Service,
} from "@millwright/core";
import * as z from "zod";
import { MachineMap, TagKind } from "./api-settings.ts";

export * from "./api-settings.ts";

/**
 * Samples that are durable on this machine, in sequence order per connection. Replays come marked historical. A batch
 * without rows says that its numbers were lost before they could be delivered: count them as present, nothing will come.
 */
export const samples = channel<SampleBatch>("sense.samples");

/** What a consumer that stores samples for good owes the ring: how far it has come. */
export interface SampleReceipts {
	/** Everything of the connection up to and including this number is durable here; the ring may forget it. */
	acknowledge(connection: string, through: number): void;
}

/** Receipts of a consumer to whom new samples come before older ones. */
export interface RangeReceipts extends SampleReceipts {
	/** Exactly these numbers, both ends inclusive, are durable there; what lies before them and was not named stays. */
	acknowledgeRange(connection: string, first: number, last: number): void;
}

/** The ring, for a consumer that takes what it lacks at its own pace, and for questions about what was. */
export interface SampleStore {
	/** Before that nothing is known of any number. */
	isOpen(): boolean;
	/** Connections that ever had a number. */
	connections(): string[];
	/** Highest durable number of a connection; -1 before the first. */
	committed(connection: string): number;
	/** Durable numbers that nobody has acknowledged, ascending; at most `limit` ranges of them. */
	unacknowledged(connection: string, limit?: number): NumberRange[];
	/**
	 * The next unacknowledged rows from a number on, in number order, `maxRows` at most; `next` is the number to go on from. Numbers
	 * whose rows are lost come as a batch without rows. No batches: nothing is left from there on.
	 */
	pull(connection: string, from: number, maxRows: number): Promise<{ batches: SampleBatch[]; next: number }>;
	/**
	 * What is still kept of a connection's samples with a source time in [from, until), acknowledged or not, in number order,
	 * marked historical. Where only some tags are asked for, the numbers of a batch's rows have holes: `numbers` has one a row.
	 */
	replayRange(about: {
		connection: string;
		/** Ids of the tag directory; all when left out. */
		tags?: readonly number[];
		/** Ms since 1970 UTC. */
		from: number;
		until: number;
		signal?: AbortSignal;
	}): AsyncIterable<{ batch: SampleBatch; numbers: Float64Array }>;
	/** What is still kept of these numbers, acknowledged or not, in order, marked historical; one row a number. */
	kept(about: { connection: string; first: number; last: number; signal?: AbortSignal }): AsyncIterable<SampleBatch>;
}

/**
 * Counted from the first start of this data folder, per connection, as of the newest commit to disk:
 * read + made = sent + filtered + rejected at any time, and sent = stored + expired once everything has arrived.
 */
export const Ledger = z.object({
	read: z.int().meta({
		description:
			"values the driver gave, counted once it is decided what becomes of them; an answer that comes after its deadline, or never because its line broke, was not read",
	}),
	made: z.int().meta({ description: "rows the platform made itself: marks of quality, statistics of windows" }),
	filtered: z.int().meta({ description: "left out by the pipeline on purpose" }),
	rejected: z.int().meta({ description: "refused: wrong type, dropped as implausible, out of contract" }),
	buffered: z.int().meta({ description: "durable here, not yet acknowledged by the history" }),
	sent: z.int().meta({ description: "numbered and durable here, or numbered and counted as expired" }),
	received: z.int().meta({ description: "arrived at the history" }),
	stored: z.int().meta({ description: "durable in the history" }),
	duplicate: z.int().meta({ description: "arrived again and dropped" }),
	expired: z.int().meta({
		description:
			"lost, and said so: fell out of the full ring before the history had them, or found no room while the disk was full",
	}),
});
export type Ledger = z.output<typeof Ledger>;

export const ConnectionState = z.enum([
	"disabled",
	"connecting",
	"connected",
	"waiting",
	"needs-decision",
	"misconfigured",
	"stopped",
]);
export type ConnectionState = z.output<typeof ConnectionState>;

export const ConnectionStatus = z.object({
	connection: z.string(),
	title: z.string(),
	driver: z.string(),
	/** Where it leads, for people: "127.0.0.1:5020 unit 1". */
	target: z.string(),
	state: ConnectionState,
	/** Why it is not connected, and since when; the next step as a hint. */
	reason: z.string().optional(),
	hint: z.string().optional(),
	since: z.int().meta({ unit: "ms since 1970, UTC" }),
	/** Of the newest good value; health means this, not a socket. */
	lastGoodAt: z.int().optional().meta({ unit: "ms since 1970, UTC" }),
	/** By a clock that does not jump; a subscribed value that stands still is as young as the last sign that it is watched. */
	lastGoodAgeMs: z.int().optional().meta({ unit: "ms", description: "Since any tag last had a good value" }),
	nextTryAt: z.int().optional().meta({ unit: "ms since 1970, UTC" }),
	tags: z.int(),
	good: z.int().meta({ description: "tags whose newest value is good and fresh" }),
	stale: z.int(),
	bad: z.int(),
	requestsPerSecond: z.number(),
	valuesPerSecond: z.number(),
	latency: z
		.object({
			of: z.enum(["request", "arrival", "nothing"]).meta({
				description:
					"request: from asking the machine to its answer. arrival: how old values are when a subscription brings them, from their source time to their arrival. nothing: no figure, since nothing came in the last minute or the machine's clock and ours do not agree; p50 and p99 are 0 then",
			}),
			p50: z.number(),
			p99: z.number(),
		})
		.meta({ unit: "ms", description: "Of the last minute" }),
	failures: z.int().meta({ description: "requests that failed since start" }),
	reconnects: z.int(),
	lateShare: z.number().meta({
		description: "share of the polls that began later than half a period after their time; 0 for subscriptions, which have none",
	}),
	ledger: Ledger,
});
export type ConnectionStatus = z.output<typeof ConnectionStatus>;

export const TagStatus = z.object({
	tag: z.string(),
	connection: z.string(),
	address: z.string().meta({ description: "for people, in the device's own notation" }),
	kind: TagKind,
	unit: z.string(),
	dataClass: DataClass,
	writable: z.boolean(),
	value: z.union([z.number(), z.string(), z.null()]),
	at: z.int().optional().meta({ unit: "ms since 1970, UTC" }),
	quality: z.string(),
	reason: z.string().optional(),
	ledger: Ledger.pick({ read: true, filtered: true, rejected: true, sent: true }),
});
export type TagStatus = z.output<typeof TagStatus>;

/** Where a number comes from: tag, connection, register, stages. */
export const Lineage = z.object({
	tag: z.string(),
	connection: z.string(),
	driver: z.string(),
	target: z.string(),
	address: z.string(),
	map: z.string().optional(),
	every: z.number().meta({ unit: "ms" }),
	stages: z.array(z.object({ stage: z.string(), does: z.string() })),
	/** The newest value on its way, raw and after the pipeline. */
	last: z
		.object({
			raw: z.union([z.number(), z.string(), z.null()]),
			value: z.union([z.number(), z.string(), z.null()]),
			quality: z.string(),
			at: z.int(),
			sequence: z.int(),
		})
		.optional(),
});
export type Lineage = z.output<typeof Lineage>;

export const DriverInfo = z.object({
	name: z.string(),
	title: z.string(),
	canBrowse: z.boolean(),
	/** JSON Schema 2020-12, for forms. */
	settings: z.record(z.string(), z.unknown()),
	address: z.record(z.string(), z.unknown()),
});

export const BrowseNode = z.object({
	node: z.string(),
	name: z.string(),
	kind: z.enum(["object", "variable"]),
	address: z.record(z.string(), z.unknown()).optional(),
	type: z.string().optional(),
	unit: z.string().optional(),
	description: z.string().optional(),
	value: z.string().optional(),
});

const draft = z.object({ driver: z.string(), settings: z.record(z.string(), z.unknown()) });

export const TestReading = z.object({
	address: z.string(),
	value: z.union([z.number(), z.string(), z.null()]),
	quality: z.string(),
	reason: z.string().optional(),
	raw: z.string().optional().meta({ description: "hex of the bytes read" }),
	/** The same bytes read in every word and byte order, so that a person can pick the one that makes sense. */
	orders: z.array(z.object({ order: z.string(), value: z.union([z.number(), z.string(), z.null()]) })).optional(),
	ms: z.number().meta({ unit: "ms" }),
});

export const ConfigPreview = z.object({
	/** Unified diff of the configuration file. */
	diff: z.string(),
	/** Plain words: what starts, stops or changes. */
	effects: z.array(z.string()),
	problems: z.array(
		z.object({ code: z.string(), message: z.string(), place: z.string().optional(), hint: z.string().optional() }),
	),
	/** Pass back to apply; refused when the configuration has changed meanwhile. */
	revision: z.string(),
});
export type ConfigPreview = z.output<typeof ConfigPreview>;

/** The table an engineer fills or imports; `settings.machines` and maps may be used instead. */
const change = z.object({
	connection: z.string(),
	/** Null removes the connection. */
	settings: z.record(z.string(), z.unknown()).nullable(),
	/** New or changed machine maps that come with it. */
	maps: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});

export const TrustEntry = z.object({
	thumbprint: z.string(),
	subject: z.string(),
	issuer: z.string(),
	applicationUri: z.string().optional(),
	validFrom: z.int().meta({ unit: "ms since 1970, UTC" }),
	validUntil: z.int().meta({ unit: "ms since 1970, UTC" }),
	state: z.enum(["waiting", "trusted", "refused"]),
	connections: z.array(z.string()),
	seenAt: z.int().meta({ unit: "ms since 1970, UTC" }),
});
export type TrustEntry = z.output<typeof TrustEntry>;

const page = { limit: z.int().min(1).max(5000).default(500), offset: z.int().min(0).default(0) };
const builders = ["engineer", "administrator"] as const;

export const senseApi = {
	connections: operation({
		summary: "Every connection with its health, freshness, latency and ledger",
		path: "/sense/connections",
		input: z.object({}),
		output: z.object({ connections: z.array(ConnectionStatus) }),
	}),
	connection: operation({
		summary: "One connection: status and its settings as configured",
		path: "/sense/connection",
		input: z.object({ connection: z.string() }),
		output: z.object({ status: ConnectionStatus, settings: z.record(z.string(), z.unknown()) }),
	}),
	tags: operation({
		summary: "Tags of a connection with their newest value, quality and counts",
		path: "/sense/tags",
		input: z.object({ connection: z.string().optional(), search: z.string().optional(), ...page }),
		output: z.object({ tags: z.array(TagStatus), total: z.int() }),
	}),
	lineage: operation({
		summary: "Where a tag's number comes from: connection, register, stages",
		path: "/sense/lineage",
		input: z.object({ tag: z.string() }),
		output: Lineage,
	}),
	ledger: operation({
		summary: "What was read, filtered, sent and stored, over all connections",
		path: "/sense/ledger",
		input: z.object({}),
		output: z.object({
			total: Ledger,
			connections: z.record(z.string(), Ledger),
			longestOutageMs: z.number().meta({ unit: "ms" }),
			since: z.int(),
		}),
	}),
	drivers: operation({
		summary: "Field protocols with the form of their settings and addresses",
		path: "/sense/drivers",
		input: z.object({}),
		output: z.object({ drivers: z.array(DriverInfo) }),
	}),
	maps: operation({
		summary: "Machine maps: which tags a kind of machine has and where they lie",
		path: "/sense/maps",
		input: z.object({}),
		output: z.object({ maps: z.record(z.string(), MachineMap) }),
	}),
	browse: operation({
		summary: "Look into a machine before connecting it for good",
		path: "/sense/browse",
		effect: "write",
		allow: builders,
		input: draft.extend({ node: z.string().optional() }),
		output: z.object({ nodes: z.array(BrowseNode) }),
		secrets: ["settings.password"],
	}),
	testRead: operation({
		summary: "Read addresses once, with every word order where that matters",
		path: "/sense/test-read",
		effect: "write",
		allow: builders,
		input: draft.extend({ addresses: z.array(z.record(z.string(), z.unknown())).min(1).max(200) }),
		output: z.object({ readings: z.array(TestReading) }),
		secrets: ["settings.password"],
	}),
	previewChange: operation({
		summary: "What adding, changing or removing a connection would do, without doing it",
		path: "/sense/change/preview",
		effect: "write",
		allow: builders,
		input: change,
		output: ConfigPreview,
		secrets: ["settings.settings.password"],
	}),
	applyChange: operation({
		summary: "Add, change or remove a connection; touches only what changed",
		path: "/sense/change/apply",
		effect: "write",
		allow: builders,
		input: change.extend({ revision: z.string() }),
		output: ConfigPreview,
		secrets: ["settings.settings.password"],
	}),
	certificates: operation({
		summary: "Certificates of machines: trusted, refused, or waiting for a decision",
		path: "/sense/certificates",
		allow: ["engineer", "security", "administrator"],
		input: z.object({}),
		output: z.object({ certificates: z.array(TrustEntry) }),
	}),
	decideCertificate: operation({
		summary: "Trust or refuse a machine's certificate",
		path: "/sense/certificates/decide",
		effect: "write",
		allow: ["engineer", "security", "administrator"],
		input: z.object({ thumbprint: z.string(), trust: z.boolean() }),
		output: TrustEntry,
	}),
	write: operation({
		summary: "Write one value to a machine and read it back",
		path: "/sense/write",
		effect: "write",
		allow: ["operator", "engineer", "operations-manager", "administrator"],
		input: z.object({
			tag: z.string(),
			value: z.union([z.number(), z.boolean(), z.string()]),
			expected: z
				.union([z.number(), z.string(), z.null()])
				.optional()
				.meta({ description: "refuse when the value now is not this" }),
		}),
		output: z.object({ before: z.union([z.number(), z.string(), z.null()]), after: z.union([z.number(), z.string(), z.null()]) }),
	}),
};
export type Sense = Service<typeof senseApi>;
export type SenseClient = Client<typeof senseApi>;

export const connectionChanged = event({
	name: "sense.connection-changed",
	summary: "A connection came, went or waits",
	data: z.object({ connection: z.string(), state: ConnectionState, reason: z.string().optional(), at: z.int() }),
});
export const clockJumped = event({
	name: "sense.clock-jumped",
	summary: "The clock of the machine that reads was set",
	data: z.object({
		byMs: z.int().meta({ unit: "ms", description: "forward; negative: back, and times come twice until it is made up for" }),
		at: z.int().meta({ unit: "ms since 1970, UTC", description: "by the clock as it is now" }),
	}),
});
export const valueWritten = event({
	name: "sense.value-written",
	summary: "A value was written to a machine",
	data: z.object({
		tag: z.string(),
		connection: z.string(),
		value: z.union([z.number(), z.boolean(), z.string()]),
		before: z.union([z.number(), z.string(), z.null()]),
		after: z.union([z.number(), z.string(), z.null()]),
		who: z.string(),
		at: z.int(),
	}),
});
export const settingsChanged = event({
	name: "sense.settings-changed",
	summary: "Connections were added, changed or removed",
	data: z.object({ added: z.array(z.string()), changed: z.array(z.string()), removed: z.array(z.string()), at: z.int() }),
});

/** What other steps may ask about a tag without the price of an operation. */
export interface TagFacts {
	tag: string;
	id: number;
	connection: string;
	unit: string;
	kind: TagKind;
	dataClass: DataClass;
	/** For the payload's source block. */
	device: string;
	protocol: string;
	unitId: number | undefined;
	range: { min?: number; max?: number } | undefined;
	context: { setpoint?: string; mode?: string; alarm?: string } | undefined;
	staleAfterMs: number;
}
