import {
	type Bus,
	type Clock,
	type DataClass,
	type Log,
	MillwrightError,
	msFromNanos,
	type SampleBatch,
	type SeriesEngine,
	type SeriesFigures,
	type TagDirectory,
	type Timer,
} from "@millwright/core";
import { type Config, createBackoff, type Health, type Part } from "@millwright/runtime";
import { type SampleReceipts, samples } from "@millwright/sense/api";
import type { Kysely } from "kysely";
import type { History, HistoryCounts, HistorySettings } from "./api.ts";
import { createCounts } from "./counts.ts";
import { createDownloads } from "./downloads.ts";
import { createImportFiles } from "./imports/files.ts";
import { createImports } from "./imports/service.ts";
import { createImportTable, type HistoryTables } from "./imports/table.ts";
import type { TableReader } from "./imports/table-reader.ts";
import { createIntake, type RequestReplay } from "./intake.ts";
import { createMoments } from "./moments.ts";
import { createProof } from "./proof/service.ts";
import { createQuestions } from "./questions.ts";
import { createReceipts } from "./receipts.ts";
import { historySection } from "./section.ts";
import { createHousekeeping } from "./storage/housekeeping.ts";
import { createStorageService } from "./storage/service.ts";
import { createTags } from "./tags.ts";

/** An engine may say more of itself than the port asks. */
export type HistoryEngine = SeriesEngine & { readonly name?: string; health?(): Health };

export interface HistoryOptions {
	/** Not started; the history starts and stops it. */
	engine: HistoryEngine;
	directory: TagDirectory;
	bus: Bus;
	clock: Clock;
	log: Log;
	settings: HistorySettings;
	/** What is kept how long may change while running. */
	config: Config;
	db: Kysely<HistoryTables>;
	reader: TableReader;
	/** Where uploads wait, and where people put files too big to upload. */
	importFolders: { uploads: string; inbox: string };
	/** Of the disk the engine writes to; undefined where that is another machine's. */
	diskOf(): Promise<{ freeBytes: number; totalBytes: number } | undefined>;
	receipts: SampleReceipts;
	unitOf(tag: string): string;
	dataClassOf(tag: string): DataClass;
	/** For files on their way to somebody; emptied of leftovers at start. */
	temporaryFolder: string;
	/** The topic of a tag, for exports; the tag's name when left out. */
	topicOf?(tag: string): string;
	requestReplay?: RequestReplay;
	/** Told of each batch of a connection once its numbers are durable; for receipts to those who sent it from elsewhere. */
	onStored?(connection: string, first: number, last: number): void;
	/** Connections whose newer numbers may come before older ones. */
	inAnyOrder?(connection: string): boolean;
}

export interface HistoryStep {
	service: History;
	part: Part;
	counts: HistoryCounts;
	/** A batch of a connection, as it comes on the bus; resolves nothing, loses nothing. */
	append(batch: SampleBatch): void;
	/** A batch computed from one of a connection; hand it on after its parent. */
	acceptDerived(batch: SampleBatch): void;
	/** Is it known what is stored? */
	isOpen(): boolean;
}

/** The loop's memory: takes what sense made durable, keeps it for good, answers what was. */
export function createHistory(options: HistoryOptions): HistoryStep {
	const { engine, bus, clock, settings, temporaryFolder, topicOf = (tag) => tag } = options;
	const log = options.log.part("history");
	const counts = createCounts();
	const tags = createTags(options);
	const receipts = createReceipts({
		receipts: options.receipts,
		clock,
		storedThrough: (connection) => engine.storedThrough(connection),
	});
	const intake = createIntake({
		engine,
		clock,
		log,
		counts,
		receipts,
		waitingRows: Math.min(settings.queueRows, 500_000),
		...(options.requestReplay ? { requestReplay: options.requestReplay } : {}),
		onStored: options.onStored,
		inAnyOrder: options.inAnyOrder,
	});
	const downloads = createDownloads({ engine, tags, clock, folder: temporaryFolder, topicOf });
	const { directory, dataClassOf, config } = options;
	const storageSettings = () => config.get(historySection).storage;
	const housekeeping = createHousekeeping({ engine, directory, dataClassOf, settings: storageSettings, clock, log });
	const imports = createImports({
		engine,
		table: createImportTable(options.db),
		files: createImportFiles({ ...options.importFolders, clock }),
		reader: options.reader,
		directory,
		dataClassOf,
		clock,
		log,
	});
	const backoff = createBackoff({ first: 500, longest: 30_000 });
	let unsubscribe: (() => void) | undefined;
	let restart: Timer | undefined;
	let refresh: Timer | undefined;
	let running = false;
	let isOpen = false;
	let latest: SeriesFigures | undefined;

	const append = (batch: SampleBatch) => intake.take(batch, { acknowledge: true });

	/** A history that cannot be opened now does not keep the plant from starting: the ring holds the samples. */
	const open = async (): Promise<void> => {
		try {
			await engine.start();
			backoff.reset();
			isOpen = true;
			intake.opened();
			await imports.start().catch((thrown: unknown) =>
				log.error("What became of former imports is unknown", {
					reason: thrown instanceof Error ? thrown.message : String(thrown),
				}),
			);
			housekeeping.start();
		} catch (thrown) {
			if (thrown instanceof MillwrightError && thrown.kind === "conflict") throw thrown;
			log.error("The history cannot be opened; trying again", {
				reason: thrown instanceof Error ? thrown.message : String(thrown),
				...(thrown instanceof MillwrightError ? { code: thrown.code, hint: thrown.hint, place: thrown.place } : {}),
			});
			if (running) restart = clock.after(backoff.next(), () => void open().catch(() => {}));
		}
	};

	const state = () => {
		const taken = intake.state();
		if (taken.state === "failing") return taken;
		const health = engine.health?.();
		if (health?.state === "failing") return { ...taken, state: "failing" as const, reason: health.reason, hint: health.hint };
		if (taken.state === "good" && latest && latest.queued > settings.queueRows / 2)
			return { ...taken, state: "behind" as const, reason: `${latest.queued} samples wait to be written` };
		return taken;
	};

	const health = (): Health => {
		const { state: now, reason, hint } = state();
		const engineHealth = engine.health?.();
		const words = { ...(reason ? { reason } : {}), ...(hint ? { hint } : {}) };
		if (now === "failing") return { state: "failing", ...words };
		if (now === "behind") return { state: "degraded", ...words };
		if (engineHealth && engineHealth.state !== "good") return engineHealth;
		return housekeeping.health();
	};

	const look = async () => {
		latest = await engine.figures();
		return latest;
	};

	const part: Part = {
		name: "history",
		async start() {
			running = true;
			await downloads.clear().catch((thrown: Error) => log.warn("Left-over exports stay", { reason: thrown.message }));
			await open();
			unsubscribe = bus.receive(samples, "history", append);
			refresh = clock.every(5000, () => void look().catch(() => {}));
		},
		async stop() {
			running = false;
			unsubscribe?.();
			restart?.cancel();
			refresh?.cancel();
			await housekeeping.stop();
			await imports.stop();
			const ended = intake.stop();
			await engine.stop();
			await ended;
			receipts.tell();
		},
		health,
		figures: () => [
			{ name: "history_samples_received_total", help: "Samples that arrived", type: "counter", value: counts.total("received") },
			{ name: "history_samples_stored_total", help: "Samples made durable", type: "counter", value: counts.total("stored") },
			{
				name: "history_samples_duplicate_total",
				help: "Samples that came again and were dropped",
				type: "counter",
				value: counts.total("duplicate"),
			},
			{
				name: "history_samples_waiting",
				help: "Samples the engine does not take now",
				type: "gauge",
				value: intake.state().waiting,
			},
			{
				name: "history_samples_let_go_total",
				help: "Samples let go of, kept by the ring",
				type: "counter",
				value: intake.state().letGo,
			},
			{ name: "history_rows", help: "Samples stored", type: "gauge", value: latest?.rows ?? 0 },
			{ name: "history_bytes", help: "Bytes on disk", type: "gauge", value: latest?.bytes ?? 0 },
			{ name: "history_queued", help: "Samples taken, not yet durable", type: "gauge", value: latest?.queued ?? 0 },
			{ name: "history_flush_ms", help: "Last flush, ms", type: "gauge", value: latest?.lastFlushMs ?? 0 },
		],
	};

	const service: History = {
		...createQuestions({ engine, tags, clock, unitOf: options.unitOf }),
		...createMoments({ engine, tags, unitOf: options.unitOf }),
		...createStorageService({
			engine,
			engineName: engine.name ?? "series",
			housekeeping,
			config,
			settings: storageSettings,
			directory,
			dataClassOf,
			diskOf: options.diskOf,
			health,
			clock,
		}),
		...createProof({ engine, tags, duplicate: (connection) => counts.duplicate(connection), clock }),
		...imports.service,
		export: downloads.export,
		async figures() {
			const { rows, bytes, oldest, newest, queued, flushes, lastFlushMs } = await look();
			const { state: now, reason } = state();
			return {
				engine: engine.name ?? "series",
				rows,
				bytes,
				bytesPerSample: rows > 0 ? bytes / rows : 0,
				...(oldest === undefined ? {} : { oldest: msFromNanos(oldest) }),
				...(newest === undefined ? {} : { newest: msFromNanos(newest) }),
				queued: queued + intake.state().waiting,
				flushes,
				lastFlushMs,
				state: now,
				...(reason ? { reason } : {}),
			};
		},
	};

	/** The engine remembers over restarts what it holds; what is on its way is known only here. */
	const overAll: HistoryCounts = {
		stored: (connection) => engine.storedCount(connection),
		duplicate: (connection) => counts.duplicate(connection),
		received: (connection) => {
			const underWay = counts.received(connection) - counts.stored(connection) - counts.duplicate(connection);
			return engine.storedCount(connection) + counts.duplicate(connection) + underWay;
		},
	};

	return {
		service,
		part,
		counts: overAll,
		append,
		acceptDerived: (batch) => intake.take(batch, { acknowledge: false }),
		isOpen: () => isOpen,
	};
}
