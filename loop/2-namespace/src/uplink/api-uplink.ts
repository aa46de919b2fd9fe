import { type Bus, type Clock, Duration, type Log, type TagDirectory } from "@millwright/core";
import type { Part } from "@millwright/runtime";
import type { Ledger, RangeReceipts, SampleStore, TagFacts } from "@millwright/sense/api";
import * as z from "zod";

/** A gateway's name at the centre: one level of a topic. */
export const GatewayId = z
	.string()
	.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
	.meta({ description: "a to z, 0 to 9, dot, underscore and hyphen" });

export const UplinkMode = z.enum(["raw", "summary"]);
export type UplinkMode = z.output<typeof UplinkMode>;

const lane = {
	/** 0 goes first, 9 last; it orders what waits, live before backlog. */
	priority: z.int().min(0).max(9),
	/** summary: statistics of each window go up, the samples stay here until the centre asks for them. */
	mode: UplinkMode,
	window: Duration,
};

/** `uplink:` of an edge's configuration: where the centre is and what goes up to it. */
export const UplinkSettings = z.strictObject({
	/** Null: no centre, everything stays here. */
	centre: z
		.strictObject({
			/** "mqtts://centre.example:8883"; mqtt, mqtts, ws and wss. */
			url: z.string().regex(/^(mqtt|mqtts|ws|wss):\/\/\S+$/),
			gateway: GatewayId,
			/** As the centre showed it once: "mwg_…". Best as "${env:MILLWRIGHT_SECRET_…}". */
			key: z.string().min(1),
			/** Of mqtts and wss: whose certificate the centre shows, and the one shown to it. Files. */
			tls: z
				.strictObject({
					caFile: z.string().optional(),
					certFile: z.string().optional(),
					keyFile: z.string().optional(),
					serverName: z.string().optional(),
				})
				.optional(),
			keepAlive: Duration.default(15_000),
		})
		.nullable()
		.default(null),
	/** Bytes a second that may go up, all in all; null for as many as the line takes. */
	budget: z.int().min(1000).nullable().default(null),
	/** Rows and bytes on their way, not yet confirmed by the centre's history. */
	inFlightRows: z.int().min(1000).default(400_000),
	inFlightBytes: z.int().min(65_536).default(8_388_608),
	/** How long live batches may wait for company in one message. */
	group: Duration.default(20),
	/** Largest message; must fit the centre's `namespace.mqtt.maxPacketBytes`. */
	messageBytes: z.int().min(4096).default(262_144),
	/** Without any word from the centre for so long, the line is taken for dead. */
	silence: Duration.default(10_000),
	/** Clocks further apart than this are said to be wrong. */
	skew: Duration.default(1000),
	/** For connections that `connections` does not name. */
	priority: lane.priority.default(5),
	mode: lane.mode.default("raw"),
	window: lane.window.default(60_000),
	/** By connection. */
	connections: z.record(z.string(), z.strictObject(lane).partial()).default({}),
});
export type UplinkSettings = z.output<typeof UplinkSettings>;

export interface UplinkOptions {
	/** Asked again whenever something is decided, so that a change applies at once; `restart` follows a change of `centre`. */
	settings: () => UplinkSettings;
	/** What this machine keeps; the uplink takes its backlog and what the centre asks for from here, at its own pace. */
	store: SampleStore;
	/** Told exactly which numbers the centre's history holds for good. */
	receipts: RangeReceipts;
	directory: TagDirectory;
	/** Live samples come on sense's `samples` channel; events go out on it. */
	bus: Bus;
	clock: Clock;
	log: Log;
	facts(id: number): TagFacts | undefined;
	/** As `SenseStep.onFacts`: called when facts of tags have changed; answers with the way to stop. */
	onFacts(listener: () => void): () => void;
	/** Of each connection of this machine: goes to the centre with the heartbeat. */
	ledger(): Promise<Readonly<Record<string, Ledger>>>;
	/** A file of its own, `uplink.json`, lies here. */
	dataFolder: string;
	version: string;
	environment?: Readonly<Record<string, string | undefined>>;
}

export type UplinkState = "off" | "connecting" | "connected" | "refused" | "waiting";

export interface UplinkStatus {
	state: UplinkState;
	reason?: string;
	hint?: string;
	since: number;
	/** Centre's clock minus ours, ms; undefined before the first answer. */
	offsetMs?: number;
	roundTripMs?: number;
	/** Not confirmed by the centre yet. */
	backlogRows: number;
	inFlightRows: number;
	bytesPerSecond: number;
	sentBytes: number;
	sentMessages: number;
	sentRows: number;
	confirmedRows: number;
	resentRows: number;
}

export interface UplinkStep {
	part: Part;
	status(): UplinkStatus;
	/** After a change of `centre`: connects anew. Other settings apply by themselves. */
	restart(): Promise<void>;
}
