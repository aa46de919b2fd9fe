import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
	asMillwrightError,
	type Bus,
	type Clock,
	type Log,
	MillwrightError,
	type Sample,
	type TagDirectory,
	type Timer,
} from "@millwright/core";
import type { Config, Figure, Health, Part } from "@millwright/runtime";
import {
	type ConnectionSettings,
	connectionChanged,
	type SampleReceipts,
	type Sense,
	type SenseSettings,
	settingsChanged,
	type TagFacts,
} from "./api.ts";
import { type Connection, createConnection } from "./connection/connection.ts";
import { createDrivers, type DriverMap } from "./drivers.ts";
import { factsOf } from "./facts.ts";
import { createLedger, type StoredCounts } from "./ledger.ts";
import { createRing } from "./ring/ring.ts";
import { createChange } from "./service/change.ts";
import type { SenseParts } from "./service/parts.ts";
import { createProbe } from "./service/probe.ts";
import { createStatus } from "./service/status.ts";
import { createWrite } from "./service/write.ts";
import { checkSense } from "./settings/check.ts";
import { expandTags } from "./settings/expand.ts";
import { senseSection } from "./settings/section.ts";
import { createTrust } from "./trust.ts";

export interface SenseStep {
	service: Sense;
	part: Part;
	receipts: SampleReceipts;
	/**
	 * Sends a connection's samples again from a number on, marked historical. Answers with the lowest number from there on
	 * that is still here; what lies before it will never come. Undefined for what was never sent.
	 */
	replay(connection: string, from: number): Promise<number | undefined>;
	/** Samples that other parts of the process received: numbered and stored like a machine's. Resolves when they are durable. */
	ingest(connection: string, rows: readonly Sample[], about: { receivedMs: number }): Promise<{ first: number; last: number }>;
	facts(tagId: number): TagFacts | undefined;
	factsByTag(name: string): TagFacts | undefined;
	/** Called with the facts of all tags now, and after each change of the configuration. */
	onFacts(listener: (facts: readonly TagFacts[]) => void): () => void;
	ringFigures(): { bytes: number; rows: number; oldestMs: number; waitingRows: number; commits: number; lastCommitMs: number };
}

interface Running {
	connection: Connection;
	/** Everything that makes it what it is; equal means untouched. */
	signature: string;
	facts: TagFacts[];
}

/** Machines to samples: the first step of the loop. Nothing happens before `part.start`. */
export function createSense({
	config,
	directory,
	bus,
	clock,
	log: parentLog,
	drivers: driverMap,
	dataFolder,
	stored,
	environment = process.env,
}: {
	config: Config;
	directory: TagDirectory;
	bus: Bus;
	clock: Clock;
	log: Log;
	drivers: DriverMap;
	dataFolder: string;
	stored?: StoredCounts;
	environment?: Readonly<Record<string, string | undefined>>;
}): SenseStep {
	const log = parentLog.part("sense");
	const folder = join(dataFolder, "sense");
	const drivers = createDrivers(driverMap);
	const ring = createRing({ file: join(folder, "ring.db"), settings: config.get(senseSection).ring, bus, clock, log });
	const ledger = createLedger({ ring, stored });
	const trust = createTrust({ file: join(folder, "trust.json"), clock, log });
	const running = new Map<string, Running>();
	const connections = new Map<string, Connection>();
	const factsById = new Map<number, TagFacts>();
	const factsByName = new Map<string, TagFacts>();
	const factListeners = new Set<(facts: readonly TagFacts[]) => void>();
	const unhook: (() => void)[] = [];
	let ticking: Timer | undefined;
	let applying: Promise<void> = Promise.resolve();

	const folderOf = (driver: string): string => join(folder, "drivers", driver);

	function begin(name: string, settings: ConnectionSettings, maps: SenseSettings["maps"], signature: string): Running {
		const { tags: plans, problems } = expandTags(settings, maps);
		const facts = factsOf(name, settings, plans, directory);
		const connection = createConnection({
			name,
			settings,
			plans,
			loadDriver: () => drivers.load(settings.driver),
			directory,
			tally: ledger.tally(name),
			trust: trust.forConnection(name),
			folder: folderOf(settings.driver),
			environment,
			problem: problems[0]?.message,
			clock,
			log,
			changed: (state, reason) =>
				bus.emit(connectionChanged, { connection: name, state, ...(reason === undefined ? {} : { reason }), at: clock.nowMs() }),
		});
		return { connection, signature, facts };
	}

	/** Only what differs is stopped or started. */
	async function apply(next: SenseSettings): Promise<void> {
		ring.configure(next.ring);
		const added: string[] = [];
		const changed: string[] = [];
		const removed = [...running.keys()].filter((name) => !Object.hasOwn(next.connections, name));
		const wanted = new Map<string, string>();
		for (const [name, settings] of Object.entries(next.connections)) {
			const maps = settings.machines.map(({ map }) => (Object.hasOwn(next.maps, map) ? next.maps[map] : null));
			const signature = JSON.stringify([settings, maps]);
			const now = running.get(name);
			if (now?.signature === signature) continue;
			(now ? changed : added).push(name);
			wanted.set(name, signature);
		}
		await Promise.all([...removed, ...changed].map((name) => running.get(name)?.connection.stop()));
		for (const name of removed) {
			running.delete(name);
			connections.delete(name);
		}
		for (const [name, signature] of wanted) {
			try {
				const begun = begin(name, next.connections[name] as ConnectionSettings, next.maps, signature);
				running.set(name, begun);
				connections.set(name, begun.connection);
			} catch (thrown) {
				log.error("A connection cannot begin", { connection: name, reason: asMillwrightError(thrown).message });
			}
		}
		tellFacts();
		for (const name of wanted.keys()) running.get(name)?.connection.start();
		if (added.length + changed.length + removed.length > 0)
			bus.emit(settingsChanged, { added, changed, removed, at: clock.nowMs() });
	}

	function tellFacts(): void {
		factsById.clear();
		factsByName.clear();
		for (const { facts } of running.values())
			for (const fact of facts) {
				factsById.set(fact.id, fact);
				factsByName.set(fact.tag, fact);
			}
		const all = [...factsById.values()];
		for (const listener of factListeners) tell(listener, all);
	}

	function tell(listener: (facts: readonly TagFacts[]) => void, all: readonly TagFacts[]): void {
		try {
			listener(all);
		} catch (thrown) {
			log.error("A listener to tag facts failed", { reason: asMillwrightError(thrown).message });
		}
	}

	const parts: SenseParts = { config, bus, clock, log, drivers, trust, ring, ledger, connections, folderOf, environment };

	const part: Part = {
		name: "sense",
		async start() {
			await mkdir(folder, { recursive: true, mode: 0o700 });
			await trust.load();
			await ring.start();
			await ledger
				.restore()
				.catch((thrown: unknown) =>
					log.warn("Counts of tags could not be brought up to date", { reason: asMillwrightError(thrown).message }),
				);
			unhook.push(
				config.addCheck(senseSection, "sense", (next) => checkSense(next, drivers)),
				config.onChange(senseSection, "sense", (next) => {
					applying = applying.then(() => apply(next));
					return applying;
				}),
			);
			await apply(config.get(senseSection));
			ticking = clock.every(1000, () => {
				for (const connection of connections.values()) connection.tick();
			});
		},
		async stop() {
			ticking?.cancel();
			for (const leave of unhook.splice(0)) leave();
			await applying.catch(() => {});
			await Promise.all([...connections.values()].map((connection) => connection.stop()));
			await ring.stop();
			await trust.settled();
			running.clear();
			connections.clear();
		},
		health(): Health {
			const ringHealth = ring.health();
			if (ringHealth.state !== "good") return ringHealth;
			const down = [...connections.values()].filter(({ settings, state }) => settings.enabled && state !== "connected");
			if (down.length === 0) return { state: "good" };
			const [first] = down as [Connection];
			return {
				state: "degraded",
				reason:
					down.length === 1
						? `${first.name}: ${first.reason ?? first.state}`
						: `${down.length} connections are not connected, ${first.name} among them`,
				hint: "Look at Connections.",
			};
		},
		figures(): Figure[] {
			const { bytes, rows, waitingRows, commits, lastCommitMs } = ring.figures();
			const gauge = (name: string, help: string, value: number, labels?: Record<string, string>): Figure => ({
				name,
				help,
				type: "gauge",
				value,
				...(labels ? { labels } : {}),
			});
			const counter = (name: string, help: string, value: number, labels?: Record<string, string>): Figure => ({
				name,
				help,
				type: "counter",
				value,
				...(labels ? { labels } : {}),
			});
			return [
				gauge("sense_ring_bytes", "Bytes of batches kept in the ring", bytes),
				gauge("sense_ring_rows", "Samples kept in the ring", rows),
				gauge("sense_ring_waiting_rows", "Samples not yet durable", waitingRows),
				counter("sense_ring_commits_total", "Commits of the ring since start", commits),
				gauge("sense_ring_commit_ms", "Duration of the last commit", lastCommitMs),
				...ledger.connections().flatMap((connection): Figure[] => {
					const { read, filtered, rejected, sent, buffered, expired } = ledger.of(connection);
					const labels = { connection };
					return [
						counter("sense_values_read_total", "Values the driver gave", read, labels),
						counter("sense_values_filtered_total", "Values left out by the pipeline", filtered, labels),
						counter("sense_values_rejected_total", "Values refused", rejected, labels),
						counter("sense_values_sent_total", "Samples numbered and durable", sent, labels),
						gauge("sense_values_buffered", "Samples not yet acknowledged", buffered, labels),
						counter("sense_values_expired_total", "Samples lost, and said so", expired, labels),
					];
				}),
				...[...connections.values()].map(({ name, state }) =>
					gauge("sense_connection_up", "1 when connected", state === "connected" ? 1 : 0, { connection: name }),
				),
			];
		},
	};

	return {
		part,
		receipts: ring.receipts,
		replay: ring.replayFrom,
		service: {
			...createStatus(parts),
			...createProbe(parts),
			...createChange(parts),
			...createWrite(parts),
			async certificates() {
				return { certificates: trust.list() };
			},
			decideCertificate: ({ thumbprint, trust: trusted }) => trust.decide(thumbprint, trusted),
		},
		async ingest(connection, rows, { receivedMs }) {
			if (rows.length === 0) throw new MillwrightError("sense.ingest-empty", "Nothing to take in", { kind: "input" });
			ring.ensureRoom(rows.length);
			const { lane, of } = ledger.tally(connection);
			lane.readAt(receivedMs);
			for (const { tag, time, value, quality } of rows) {
				of(tag).read++;
				lane.add(tag, time, value, quality);
			}
			lane.counts.read += rows.length;
			return lane.durable(rows.length);
		},
		facts: (tagId) => factsById.get(tagId),
		factsByTag: (name) => factsByName.get(name),
		onFacts(listener) {
			factListeners.add(listener);
			if (factsById.size > 0) tell(listener, [...factsById.values()]);
			return () => factListeners.delete(listener);
		},
		ringFigures: () => ring.figures(),
	};
}
