import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { asMillwrightError, type Bus, type Clock, type Log, MillwrightError, type Timer } from "@millwright/core";
import { createNamespace, createUplink, namespaceSection, uplinkSection } from "@millwright/namespace";
import { type Config, createBus, createSupervisor, openTagDirectory, type Part } from "@millwright/runtime";
import { createSense, type DriverMap, type SenseStep } from "@millwright/sense";
import { samples } from "@millwright/sense/api";
import { prepareData } from "./data-folder.ts";
import { openLocalBroker } from "./local-broker.ts";
import { readersOnly, statusTopic } from "./readers.ts";
import { localSection } from "./settings.ts";
import { type EdgeStatus, overall, writeStatus } from "./status.ts";

export const version = "0.1.0";

/** What the centre has only as summaries, or not at all, can be asked for here so long. */
const keepAcknowledgedMs = 72 * 3_600_000;

export interface Edge {
	start(): Promise<void>;
	stop(): Promise<void>;
	status(): Promise<EdgeStatus>;
	readonly sense: SenseStep;
	readonly bus: Bus;
	/** Of the local broker; null where nobody may listen. */
	readonly mqttPort: number | null;
}

/** Sense, store-and-forward, and whatever the configuration adds to it: a namespace for programs beside the machine, a centre. */
export async function createEdge({
	config,
	data,
	clock,
	log,
	drivers,
	environment = process.env,
}: {
	config: Config & Part;
	data: string;
	clock: Clock;
	log: Log;
	drivers: DriverMap;
	environment?: Readonly<Record<string, string | undefined>>;
}): Promise<Edge> {
	const { broker: wanted, bridges } = config.get(namespaceSection);
	if (bridges.length > 0)
		throw new MillwrightError("edge.no-bridges", "An edge has no bridges to other brokers", {
			kind: "input",
			place: "namespace.bridges",
			hint: "Let it publish to that broker itself (namespace.broker), or bridge at the centre.",
		});
	const lock = await prepareData({ data, version, clock, log });
	const bus = createBus({ log });
	const directory = openTagDirectory({ file: join(data, "tags.sqlite") });
	const begunAt = clock.monotonicMs();
	const sense = createSense({
		config,
		directory,
		bus,
		clock,
		log,
		drivers,
		dataFolder: data,
		backlog: "pull",
		keepAcknowledgedMs,
		environment,
	});
	const uplink = createUplink({
		settings: () => config.get(uplinkSection),
		store: sense.store,
		receipts: sense.receipts,
		directory,
		bus,
		clock,
		log,
		facts: sense.facts,
		onFacts: sense.onFacts,
		ledger: async () => (await sense.service.ledger({})).connections,
		dataFolder: data,
		version,
		environment,
	});
	const classOf = (tag: string) => sense.factsByTag(tag)?.dataClass ?? "restricted";
	const isHeard = Object.keys(config.get(localSection).readers).length > 0 || wanted.kind !== "embedded";
	const local = isHeard ? await openLocal().catch(leaveFolder) : undefined;

	function leaveFolder(thrown: unknown): never {
		directory.close();
		lock.release();
		throw thrown;
	}

	async function openLocal() {
		const root = () => `${config.get(namespaceSection).root}/`;
		const broker = await openLocalBroker({
			settings: config.get(namespaceSection),
			folder: join(data, "broker"),
			version,
			authenticate: readersOnly({
				settings: () => config.get(localSection),
				classOf: (topic) => (topic.startsWith(root()) ? classOf(topic.slice(root().length)) : "restricted"),
				log: log.part("broker"),
				environment,
			}),
			clock,
			log,
			environment,
		});
		const namespace = createNamespace({
			broker,
			directory,
			bus,
			clock,
			log,
			settings: () => config.get(namespaceSection),
			sense: { facts: sense.facts, ingest: sense.ingestColumns },
			classOf,
		});
		return { broker, namespace };
	}

	async function status(): Promise<EdgeStatus> {
		const { total } = await sense.service.ledger({});
		const { connections } = await sense.service.connections({});
		const parts = supervisor.health();
		const { bytes, rows, oldestMs, waitingRows } = sense.ringFigures();
		const at = clock.nowMs();
		return {
			at,
			pid: process.pid,
			version,
			uptimeSeconds: (clock.monotonicMs() - begunAt) / 1000,
			residentMb: process.memoryUsage.rss() / 2 ** 20,
			...overall(parts),
			parts,
			connections: connections.map(({ ledger: _, ...rest }) => rest),
			ledger: total,
			ring: { bytes, rows, oldestMs, waitingRows },
			uplink: uplink.status(),
			nextAt: at + config.get(localSection).statusEvery,
		};
	}

	const leave: (() => void)[] = [];
	let telling: Timer | undefined;
	let told: Promise<void> = Promise.resolve();

	async function tell(): Promise<void> {
		try {
			const now = await status();
			local?.broker.publish({ topic: statusTopic, payload: () => Buffer.from(JSON.stringify(now)), retain: true });
			await writeStatus(data, now);
		} catch (thrown) {
			log.warn("The status could not be written", { reason: asMillwrightError(thrown).message });
		}
	}

	/** Without a centre the ring is where samples were to go. */
	const keeping: Part = {
		name: "keeping",
		async start() {
			leave.push(
				bus.receive(samples, "keeping", ({ connection, first, last }) => {
					if (!config.get(uplinkSection).centre) sense.receipts.acknowledgeRange(connection, first, last);
				}),
				config.onChange(uplinkSection, "uplink", async (next, former) => {
					if (!isDeepStrictEqual(next.centre, former.centre)) await uplink.restart();
				}),
			);
		},
		async stop() {
			for (const one of leave.splice(0)) one();
		},
	};

	/** Says how the box is, first and last of all. */
	const reporting: Part = {
		name: "status",
		async start() {
			const again = () => {
				told = tell();
				telling = clock.after(config.get(localSection).statusEvery, () => void told.then(again));
			};
			again();
			if (local)
				leave.push(
					sense.onFacts(() => {
						local.namespace.refresh();
						local.broker.rightsChanged?.();
					}),
				);
		},
		async stop() {
			telling?.cancel();
			await told;
		},
	};

	const supervisor = createSupervisor({
		log,
		clock,
		parts: [
			{ part: config, essential: true },
			...(local ? [{ part: local.broker.part }, { part: local.namespace.part, essential: true }] : []),
			{ part: keeping, essential: true },
			// Waits for the ring by itself, and ends after it: the centre's receipts for the last values are still heard.
			{ part: uplink.part },
			{ part: sense.part, essential: true },
			{ part: reporting },
		],
	});

	return {
		sense,
		bus,
		get mqttPort() {
			return local?.broker.port || null;
		},
		status,
		start: () => supervisor.start(),
		async stop() {
			await supervisor.stop();
			directory.close();
			lock.release();
		},
	};
}
