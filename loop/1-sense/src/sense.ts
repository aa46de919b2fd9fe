import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
	asMillwrightError,
	type Bus,
	type Clock,
	type Log,
	MillwrightError,
	type Sample,
	type SampleBatch,
	type TagDirectory,
	type Timer,
} from "@millwright/core";
import type { Config, Part } from "@millwright/runtime";
import type { RangeReceipts, SampleStore, Sense, SenseSettings, TagFacts } from "./api.ts";
import { createClockWatch } from "./clock-watch.ts";
import { createConnections } from "./connections.ts";
import { createDrivers, type DriverMap } from "./drivers.ts";
import { createFactBook } from "./fact-book.ts";
import { figuresOf, healthOf } from "./health.ts";
import { createLedger, type StoredCounts } from "./ledger.ts";
import { ringFile } from "./ring/raised-numbers.ts";
import { createRing } from "./ring/ring.ts";
import { createChange } from "./service/change.ts";
import type { SenseParts } from "./service/parts.ts";
import { createProbe } from "./service/probe.ts";
import { createStatus } from "./service/status.ts";
import { createWrite } from "./service/write.ts";
import { checkSense } from "./settings/check.ts";
import { senseSection } from "./settings/section.ts";
import { createTrust } from "./trust.ts";

export interface SenseStep {
	service: Sense;
	part: Part;
	receipts: RangeReceipts;
	/** The ring, for a consumer that fetches instead of listening. */
	store: SampleStore;
	/**
	 * Sends a connection's samples again from a number on, marked historical. Answers with the lowest number from there on
	 * that is still here; what lies before it will never come. Undefined for what was never sent.
	 */
	replay(connection: string, from: number): Promise<number | undefined>;
	/** Samples that other parts of the process received: numbered and stored like a machine's. Resolves when they are durable. */
	ingest(connection: string, rows: readonly Sample[], about: { receivedMs: number }): Promise<{ first: number; last: number }>;
	/** The same of columns, for those who bring thousands a second. */
	ingestColumns(
		connection: string,
		rows: Pick<SampleBatch, "length" | "tags" | "times" | "values" | "quality" | "texts">,
		about: { receivedMs: number },
	): Promise<{ first: number; last: number }>;
	/** The newest rows of a connection that the ring still has, oldest first; to be called after `start`. */
	recent(connection: string, rows: number, each: (batch: SampleBatch) => void): Promise<void>;
	facts(tagId: number): TagFacts | undefined;
	factsByTag(name: string): TagFacts | undefined;
	/** Called with the facts of all tags now, and after each change of the configuration. */
	onFacts(listener: (facts: readonly TagFacts[]) => void): () => void;
	ringFigures(): {
		bytes: number;
		rows: number;
		oldestMs: number;
		waitingRows: number;
		commits: number;
		lastCommitMs: number;
		/** Wall ms at which counting began; 0 until the file could be opened, and nothing is known of numbers before. */
		sinceMs: number;
	};
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
	backlog = "push",
	keepAcknowledgedMs = 3_600_000,
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
	/** `push`: what an earlier run left comes by itself, before anything new. `pull`: new samples at once, the rest to whoever fetches it. */
	backlog?: "push" | "pull";
	/** Where the configuration does not say. */
	keepAcknowledgedMs?: number;
	environment?: Readonly<Record<string, string | undefined>>;
}): SenseStep {
	const log = parentLog.part("sense");
	const folder = join(dataFolder, "sense");
	const drivers = createDrivers(driverMap);
	const ringSettings = ({ ring: { keepAcknowledged = keepAcknowledgedMs, ...given } }: SenseSettings) => ({
		...given,
		keepAcknowledged,
	});
	const ring = createRing({
		file: ringFile(dataFolder),
		settings: ringSettings(config.get(senseSection)),
		bus,
		clock,
		log,
		backlog,
	});
	const ledger = createLedger({ ring, stored });
	const trust = createTrust({ file: join(folder, "trust.json"), clock, log });
	const facts = createFactBook({ log });
	const watch = createClockWatch({ clock, bus, log });
	const connections = createConnections({
		directory,
		drivers,
		ledger,
		trust,
		facts,
		folder,
		environment,
		bus,
		clock: watch.clock,
		qualityAt: watch.qualityAt,
		log,
	});
	const unhook: (() => void)[] = [];
	let ticking: Timer | undefined;
	let applying: Promise<void> = Promise.resolve();

	async function apply(next: SenseSettings): Promise<void> {
		ring.configure(ringSettings(next));
		await connections.apply(next);
	}

	const { all, folderOf } = connections;
	const parts: SenseParts = { config, bus, clock, log, drivers, trust, ring, ledger, connections: all, folderOf, environment };

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
				watch.tick();
				connections.tick();
			});
		},
		async stop() {
			ticking?.cancel();
			for (const leave of unhook.splice(0)) leave();
			await applying.catch(() => {});
			await connections.stop();
			await ring.stop();
			await trust.settled();
		},
		health: () => healthOf({ ring, connections: all }),
		figures: () => figuresOf({ ring, ledger, connections: all, clockJumps: watch.jumps }),
	};

	return {
		part,
		receipts: ring.receipts,
		replay: ring.replayFrom,
		store: ring.store,
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
				lane.counts.read++;
				lane.add(tag, time, value, quality);
				lane.settle();
			}
			return lane.durable(rows.length);
		},
		async ingestColumns(connection, rows, { receivedMs }) {
			if (rows.length === 0) throw new MillwrightError("sense.ingest-empty", "Nothing to take in", { kind: "input" });
			ring.ensureRoom(rows.length);
			const { lane, of } = ledger.tally(connection);
			lane.readAt(receivedMs);
			for (let row = 0; row < rows.length; row++) of(rows.tags[row] as number).read++;
			lane.counts.read += rows.length;
			lane.addAll(rows);
			lane.settle();
			return lane.durable(rows.length);
		},
		recent: (connection, rows, each) => ring.recount(connection, Math.max(0, ring.store.committed(connection) + 1 - rows), each),
		facts: facts.ofId,
		factsByTag: facts.ofName,
		onFacts: facts.onChange,
		ringFigures: () => ring.figures(),
	};
}
