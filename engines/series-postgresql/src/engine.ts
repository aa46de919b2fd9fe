import {
	type Clock,
	type Log,
	MillwrightError,
	type SampleBatch,
	type SeriesEngine,
	type SeriesFigures,
	type Timer,
} from "@millwright/core";
import {
	asPostgresqlError,
	createBackoff,
	createClock,
	createLatency,
	type Health,
	type PostgresqlTarget,
} from "@millwright/runtime";
import type pg from "pg";
import { copyIn, copyOut, notEmpty, readManifest } from "./copy.ts";
import { createDial, hangUp, pidOf } from "./dial.ts";
import { askDays, askFigures } from "./figures.ts";
import { createKnown } from "./known.ts";
import { dropIfEmpty } from "./layout.ts";
import { partitionOf } from "./partitions.ts";
import { askAggregate } from "./queries/aggregate.ts";
import { askBefore } from "./queries/before.ts";
import { askDownsample } from "./queries/downsample.ts";
import { askExport } from "./queries/export.ts";
import { askInOrder } from "./queries/in-order.ts";
import { askRaw } from "./queries/raw.ts";
import { createReaders, type Readers } from "./readers.ts";
import { openStore, type Store } from "./store.ts";
import { bringRows, forgetRows, looseDays, packDay, takeOutRows, transact } from "./upkeep.ts";
import { createWriter, type Piece, type Writer } from "./writer.ts";

export interface PostgresqlSeriesOptions {
	target: PostgresqlTarget;
	/** A schema of its own, made where it is missing. */
	schema?: string;
	clock?: Clock;
	log: Log;
	/** Longest wait before taken samples are written and synced. */
	flushMs: number;
	/** Rows that force a flush earlier. */
	flushRows: number;
	/** Rows that may wait in memory, words counted by their length; beyond it `append` rejects as busy. */
	queueRows: number;
	/** "auto": where the extension is there when the tables are made. */
	timescale?: "auto" | "off";
	/** Connections for questions, beside one that writes and one that keeps order. */
	readers?: number;
	/** Longest a question may take, ms. */
	questionMs?: number;
	/** A flush that takes longer is on a line nobody answers. */
	stallMs?: number;
	/** How long another writer is waited for at start, ms: one that was cut off is noticed late by its server. */
	patienceMs?: number;
}

export interface PostgresqlSeries extends SeriesEngine {
	readonly name: string;
	health(): Health;
	/** Of flushes in the last minute, ms from the first statement to COMMIT. */
	flushLatency(): { p50: number; p99: number; max: number };
}

interface Waiter extends Piece {
	weight: number;
	stored: number;
	duplicate: number;
	resolve(counts: { stored: number; duplicate: number }): void;
	reject(error: Error): void;
}

/** Rows of one transaction when much is waiting. */
const flushesAtOnce = 5;
/** A block of places in the order of arrival for what is brought in at once. */
const placesOfPiece = 2 ** 32;

/** Time series in a PostgreSQL database: rows and their numbers in one transaction, one writer a schema. */
export function createPostgresqlSeries(options: PostgresqlSeriesOptions): PostgresqlSeries {
	const { clock = createClock(), queueRows, flushMs, flushRows, stallMs = 30_000 } = options;
	const log = options.log.part("series-postgresql");
	const dial = createDial({ target: options.target, schema: options.schema ?? "millwright_series" });
	const latency = createLatency();
	const backoff = createBackoff({ first: 250, longest: 10_000 });

	let state: "closed" | "opening" | "open" | "away" = "closed";
	let trouble: MillwrightError | undefined;
	let writer: Writer | undefined;
	let readers: Readers | undefined;
	let exporters: Readers | undefined;
	let keeper: Readers | undefined;
	let timescale = false;
	let known = createKnown();
	let formerPid: number | undefined;
	let waiting: Waiter[] = [];
	let waitingRows = 0;
	let flying: { waiters: Waiter[]; done: Promise<void> } | undefined;
	/** Work for the writing connection between two flushes. */
	let asides: (() => Promise<void>)[] = [];
	let due = false;
	let queued = 0;
	let timer: Timer | undefined;
	let restart: Timer | undefined;
	let flushes = 0;
	let lastFlushMs = 0;
	let latest: Awaited<ReturnType<typeof askFigures>> | undefined;
	let drained: (() => void)[] = [];

	const open = async (patienceMs: number): Promise<void> => {
		const store = await openStore(dial, {
			timescale: options.timescale ?? "auto",
			log,
			patienceMs,
			formerPid,
			lost: (client, error) => lost(client, error),
		});
		if (state === "closed") {
			await hangUp(store.client);
			throw notOpen();
		}
		timescale = store.timescale;
		formerPid = pidOf(store.client);
		known = createKnown(store.progress);
		writer = createWriter(store, clock);
		readers ??= createReaders({
			dial,
			connections: options.readers ?? 3,
			line: 100,
			statementMs: options.questionMs ?? 60_000,
			name: "series reader",
		});
		exporters ??= createReaders({ dial, connections: 1, line: 10, statementMs: 0, name: "series export" });
		keeper ??= createReaders({ dial, connections: 1, line: 10, statementMs: 0, name: "series keeper" });
		state = "open";
		trouble = undefined;
		backoff.reset();
	};

	/** Everything on its way is given back; what the tables hold when they are open again decides what is known. */
	const failAll = (error: MillwrightError) => {
		timer?.cancel();
		timer = undefined;
		due = false;
		const all = [...(flying?.waiters ?? []), ...waiting];
		flying = undefined;
		waiting = [];
		waitingRows = 0;
		queued = 0;
		known.forgetTaken();
		for (const waiter of all) waiter.reject(error);
		const undone = asides;
		asides = [];
		for (const aside of undone) void aside();
		wakeDrained();
	};

	const wakeDrained = () => {
		if (flying || waiting.length > 0) return;
		for (const wake of drained) wake();
		drained = [];
	};

	const outage = (thrown: unknown): MillwrightError => {
		const error = asPostgresqlError(thrown, "series", dial.place);
		if (error.code === "series.taken-over") return error;
		// Whatever kept rows from being stored, they are asked for again: nothing is given up on.
		return new MillwrightError(error.code, `The history could not be written: ${error.message}`, {
			kind: "outage",
			place: dial.place,
			hint: error.hint ?? "Look at the PostgreSQL server: its log, its disk.",
			cause: thrown,
		});
	};

	const lost = (client: pg.Client, thrown: unknown) => {
		if (writer?.store.client !== client) return;
		writer = undefined;
		void hangUp(client);
		const error = outage(thrown);
		trouble = error;
		log.error(error.message, { code: error.code, hint: error.hint });
		if (state !== "closed") state = "away";
		failAll(error);
		if (state === "away") comeBack();
	};

	const comeBack = () => {
		// Somebody else writes now, by an operator's mistake or will; two who fight over it would only lose time.
		if (trouble?.code === "series.taken-over") return;
		restart = clock.after(backoff.next(), () => {
			open(stallMs).catch((thrown: unknown) => {
				if (state === "closed") return;
				const next = outage(thrown);
				if (next.code !== trouble?.code) log.error(next.message, { code: next.code, hint: next.hint });
				trouble = next;
				comeBack();
			});
		});
	};

	const flush = (): void => {
		if (state !== "open" || flying || !writer) return;
		const aside = asides.shift();
		if (aside) {
			const done = aside();
			flying = { waiters: [], done };
			void done.then(() => {
				flying = undefined;
				flush();
			});
			return;
		}
		if (waiting.length === 0 || !(due || waitingRows >= flushRows)) {
			wakeDrained();
			return;
		}
		due = false;
		timer?.cancel();
		timer = undefined;
		let rows = 0;
		let count = 0;
		while (count < waiting.length && (count === 0 || rows < flushRows * flushesAtOnce))
			rows += (waiting[count++] as Waiter).stored;
		const going = waiting.splice(0, count);
		waitingRows -= rows;
		// What stays behind has waited as long.
		if (waiting.length > 0) due = true;
		const { store, flush: write } = writer;
		const begun = clock.monotonicMs();
		const stall = clock.after(stallMs, () =>
			lost(store.client, Object.assign(new Error(`no answer for ${stallMs} ms`), { code: "ETIMEDOUT" })),
		);
		const done = write(going).then(
			() => {
				stall.cancel();
				if (writer?.store !== store) return;
				flying = undefined;
				flushes++;
				lastFlushMs = clock.monotonicMs() - begun;
				latency.add(lastFlushMs);
				for (const { batch, weight } of going) {
					queued -= weight;
					known.store(batch.connection, batch.first, batch.last);
				}
				for (const { stored, duplicate, resolve } of going) resolve({ stored, duplicate });
				flush();
				wakeDrained();
			},
			(thrown: unknown) => {
				stall.cancel();
				lost(store.client, thrown);
			},
		);
		flying = { waiters: going, done };
	};

	/** Runs on the writing connection while no flush does. */
	const aside = <R>(work: (store: Store) => Promise<R>): Promise<R> =>
		new Promise<R>((resolve, reject) => {
			if (state !== "open") return reject(trouble ?? notOpen());
			asides.push(async () => {
				const store = writer?.store;
				if (state !== "open" || !store) return reject(trouble ?? notOpen());
				try {
					resolve(await work(store));
				} catch (thrown) {
					reject(asPostgresqlError(thrown, "series", dial.place));
				}
			});
			flush();
		});

	const from = (some: Readers | undefined): Readers => {
		if (state === "closed" || state === "opening" || !some) throw trouble ?? notOpen();
		return some;
	};

	return {
		name: "series-postgresql",

		async start() {
			if (state !== "closed") return;
			state = "opening";
			try {
				await open(options.patienceMs ?? 30_000);
			} catch (thrown) {
				state = "closed";
				throw thrown;
			}
		},

		async stop() {
			if (state === "closed") return;
			restart?.cancel();
			if (state === "open") {
				due = true;
				const empty = new Promise<void>((resolve) => drained.push(resolve));
				flush();
				await empty;
			}
			state = "closed";
			const client = writer?.store.client;
			writer = undefined;
			failAll(notOpen());
			const all = [readers, exporters, keeper];
			readers = undefined;
			exporters = undefined;
			keeper = undefined;
			await Promise.all([...all.map((some) => some?.close()), client ? hangUp(client) : undefined]);
		},

		append(batch) {
			if (state !== "open") return Promise.reject(trouble ?? notOpen());
			const { connection, first, last, length } = batch;
			if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first)
				return Promise.reject(
					new MillwrightError("series.batch-invalid", `A batch of "${connection}" covers ${first} to ${last}`, { kind: "bug" }),
				);
			const weight = length + textWeight(batch);
			if (queued > 0 && queued + weight > queueRows)
				return Promise.reject(
					new MillwrightError("series.queue-full", `${queued} samples already wait to be written`, {
						kind: "busy",
						hint: "The database is slower than the plant; what is refused stays in the ring.",
					}),
				);
			const missing = known.take(connection, first, last);
			const aRowEach = length === last - first + 1;
			const rows =
				missing.length === 0
					? []
					: aRowEach
						? missing.map((part) => ({ from: part.first - first, until: part.last - first + 1 }))
						: [{ from: 0, until: length }];
			const stored = rows.reduce((sum, { from: low, until }) => sum + until - low, 0);
			const promise = new Promise<{ stored: number; duplicate: number }>((resolve, reject) => {
				waiting.push({ batch, rows, weight, stored, duplicate: length - stored, resolve, reject });
			});
			waitingRows += stored;
			queued += weight;
			if (waitingRows >= flushRows) flush();
			else
				timer ??= clock.after(flushMs, () => {
					timer = undefined;
					due = true;
					flush();
				});
			return promise;
		},

		storedThrough: (connection) => known.ranges(connection)[0]?.last ?? -1,
		storedCount: (connection) => known.count(connection),
		connections: () => known.connections(),
		storedRanges: (connection) => known.ranges(connection),

		raw: async ({ signal, ...query }) => from(readers).ask((ask) => askRaw(ask, query), signal),

		async before({ signal, ...query }) {
			if (query.tags.length === 0) return new Map();
			return from(readers).ask((ask) => askBefore(ask, query), signal);
		},

		async aggregate({ signal, ...query }) {
			if (query.tags.length === 0) return new Map();
			return from(readers).ask((ask) => askAggregate(ask, { ...query, holdUntil: clock.now() }), signal);
		},

		async downsample({ signal, ...query }) {
			if (query.tags.length === 0) return new Map();
			return from(readers).ask((ask) => askDownsample(ask, query), signal);
		},

		export: async ({ signal, ...query }) => from(exporters).ask((ask) => askExport(ask, query), signal),

		async figures() {
			try {
				latest = await from(readers).ask((_, client) => askFigures(client, timescale));
			} catch (thrown) {
				if (!latest || state === "closed") throw thrown;
			}
			return { ...(latest as Omit<SeriesFigures, "queued" | "flushes" | "lastFlushMs">), queued, flushes, lastFlushMs };
		},

		days: async ({ range, signal }) => from(readers).ask((_, client) => askDays(client, range, timescale), signal),

		async tidy({ until, signal }) {
			signal?.throwIfAborted();
			const days = await from(keeper).ask((_, client) => looseDays(client, until), signal);
			const sum = { days: 0, rows: 0, bytesBefore: 0, bytesAfter: 0 };
			for (const day of days) {
				const { tiers } = await from(keeper).ask((_, client) => askFigures(client, timescale), signal);
				const share = tiers.hot && tiers.hot.rows > 0 ? tiers.hot.bytes / tiers.hot.rows : 0;
				const packed = await from(keeper).ask((_, client) => packDay(client, day), signal);
				if (packed.rows === 0) continue;
				sum.days++;
				sum.rows += packed.rows;
				sum.bytesBefore += packed.bytesBefore + Math.round(share * packed.rows);
				sum.bytesAfter += packed.bytesAfter;
				await giveBack(day);
			}
			if (sum.days > 0)
				await from(keeper).ask((_, client) => client.query("ANALYZE packed (tag, day, first_time, last_time)"), signal);
			return sum;
		},

		async forget({ tags, before, signal }) {
			if (tags.length === 0) return { rows: 0, bytes: 0 };
			const { tiers } = await from(keeper).ask((_, client) => askFigures(client, timescale), signal);
			const share = tiers.hot && tiers.hot.rows > 0 ? tiers.hot.bytes / tiers.hot.rows : 0;
			const gone = await from(keeper).ask((_, client) => forgetRows(client, tags, before), signal);
			return { rows: gone.hot + gone.packed, bytes: Math.max(0, gone.bytes + Math.round(share * gone.hot)) };
		},

		async bringIn({ id, rows, signal }) {
			checkPiece(id);
			signal?.throwIfAborted();
			const arrival = await aside(async (store) => {
				const first = store.arrival;
				store.arrival += placesOfPiece;
				await store.client.query("UPDATE state SET arrival = $1 WHERE epoch = $2", [store.arrival, store.epoch]);
				return first;
			});
			return from(keeper).ask((_, client) => bringRows(client, { id, rows, signal, arrival }));
		},

		async takeOut({ id }) {
			checkPiece(id);
			return from(keeper).ask((_, client) => takeOutRows(client, id));
		},

		inOrder: async ({ signal, ...query }) => from(readers).ask((ask) => askInOrder(ask, query), signal),

		copyTo: async ({ folder, signal }) => from(keeper).ask((_, client) => copyOut(client, folder, signal), signal),

		async restoreFrom({ folder }) {
			if (state !== "closed") throw notEmpty();
			const manifest = await readManifest(folder);
			const store = await openStore(dial, {
				timescale: options.timescale ?? "auto",
				log,
				patienceMs: options.patienceMs ?? 30_000,
				lost: () => {},
			});
			try {
				return await transact(store.client, () => copyIn(store.client, folder, manifest, store.timescale));
			} catch (thrown) {
				throw asPostgresqlError(thrown, "series", dial.place);
			} finally {
				await hangUp(store.client);
			}
		},

		flushLatency: () => ({ p50: latency.quantile(0.5), p99: latency.quantile(0.99), max: latency.max() }),

		health() {
			if (trouble) return { state: "failing", reason: trouble.message, ...(trouble.hint ? { hint: trouble.hint } : {}) };
			return state === "open" ? { state: "good" } : { state: "failing", reason: "The history is not open" };
		},
	};

	/** The table of a day that is packed: dropped when nothing came late meanwhile, else its empty pages go back to the disk. */
	async function giveBack(day: bigint): Promise<void> {
		if (timescale) return;
		const place = writer && partitionOf(day, writer.store.partitions);
		if (!place) return;
		const dropped = await aside(async (store) => {
			if (!(await dropIfEmpty(store.client, place))) return false;
			store.partitions = store.partitions.filter((other) => other !== place);
			return true;
		});
		if (!dropped) await from(keeper).ask((_, client) => client.query(`VACUUM ${place.name}`));
	}
}

function checkPiece(id: string): void {
	if (/^[a-z0-9_-]{1,100}$/.test(id)) return;
	throw new MillwrightError("series.piece-name", `"${id}" cannot be the name of something brought in`, {
		kind: "input",
		hint: "At most 100 of a–z, 0–9, _ and -.",
	});
}

const notOpen = () => new MillwrightError("series.closed", "The history is not open", { kind: "outage" });

/** Words take memory too: as many rows as fill the same bytes. */
function textWeight({ texts }: SampleBatch): number {
	let characters = 0;
	for (const text of texts.values()) characters += text.length;
	return Math.ceil(characters / 21);
}
