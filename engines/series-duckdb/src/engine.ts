import { Worker } from "node:worker_threads";
import {
	type Clock,
	type ErrorBody,
	type Log,
	MillwrightError,
	type NumberRange,
	type SampleBatch,
	SequenceSet,
	type SeriesEngine,
	type SeriesRows,
	type Timer,
} from "@millwright/core";
import { createBackoff, createClock, createLatency, type Health } from "@millwright/runtime";
import { createPacks, type Pack, packsOf } from "./pack.ts";
import {
	type Answers,
	type FromWorker,
	type HoldingsAnswer,
	type Missing,
	type Opened,
	packedRowBytes,
	type Query,
	type RowsAnswer,
	type ToWorker,
} from "./protocol.ts";
import { restoreFrom } from "./tiers/copy.ts";

type TierFigures = NonNullable<HoldingsAnswer["tiers"]["hot"]>;

export interface DuckDbSeriesOptions {
	/** The database file; its log lies beside it, and the files of older days in a folder of its name without ending. */
	file: string;
	/** Rows in the table beyond which they are moved into sorted files; 2 million by default. */
	rollRows?: number;
	clock?: Clock;
	log: Log;
	/** Longest wait before taken samples are written and synced. */
	flushMs: number;
	/** Rows that force a flush earlier. */
	flushRows: number;
	/** Rows that may wait in memory, words counted by their length; beyond it `append` rejects as busy. */
	queueRows: number;
	memoryMb: number;
	threads: number;
	temporaryFolder: string;
	/** Ranges of stored numbers that may pile up before they are merged. */
	progressRows?: number;
	/** Another way to start the worker, for tests that end it. */
	spawn?: () => Worker;
}

export interface DuckDbSeries extends SeriesEngine {
	readonly name: string;
	health(): Health;
	/** Files moved aside at start because they could not be read; everything the ring still has should be replayed. */
	readonly quarantined: { files: string[]; reason: string } | undefined;
	/** Of flushes in the last minute, ms from hand-over to COMMIT. */
	flushLatency(): { p50: number; p99: number; max: number };
}

/** Packs that share one transaction when much is waiting. */
const packsPerFlush = 5;

interface Known {
	/** Durable. */
	stored: SequenceSet;
	/** Durable or on its way. */
	taken: SequenceSet;
	/** Lowest number stored. */
	lowest: number;
}

/** Time series in a DuckDB file. DuckDB lives on a worker thread; here batches are packed, counted and remembered. */
export function createDuckDbSeries(options: DuckDbSeriesOptions): DuckDbSeries {
	const { file, clock = createClock(), queueRows, flushMs, spawn = startWorker } = options;
	const folder = file.replace(/\.duckdb$/, "");
	const log = options.log.part("series-duckdb");
	const packs = createPacks({ capacity: options.flushRows });
	const latency = createLatency();
	const backoff = createBackoff({ first: 500, longest: 30_000 });

	let state: "closed" | "opening" | "open" | "away" = "closed";
	let worker: Worker | undefined;
	let trouble: MillwrightError | undefined;
	let quarantined: DuckDbSeries["quarantined"];
	let known = new Map<string, Known>();
	let filling: Pack | undefined;
	let sealed: Pack[] = [];
	let flying: { id: number; packs: Pack[]; sentMs: number } | undefined;
	let timer: Timer | undefined;
	let restart: Timer | undefined;
	let due = false;
	let queued = 0;
	let missing: Missing[] = [];
	/** What the tiers held when last asked, for when nobody can be asked. */
	let held: HoldingsAnswer["tiers"] = {};
	let flushes = 0;
	let lastFlushMs = 0;
	let lastId = 0;
	let opening: { resolve(): void; reject(error: Error): void } | undefined;
	let closing: (() => void) | undefined;
	let drained: (() => void)[] = [];
	const questions = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();

	const say = (message: ToWorker, transfer: ArrayBuffer[] = []) => worker?.postMessage(message, transfer);

	const takeOver = (opened: Opened) => {
		known = new Map(
			opened.progress.map(([connection, ranges]) => [
				connection,
				{ stored: new SequenceSet(ranges), taken: new SequenceSet(ranges), lowest: ranges[0]?.first ?? Number.POSITIVE_INFINITY },
			]),
		);
		missing = opened.missing;
		if (!opened.quarantined) return;
		quarantined = opened.quarantined;
		log.error("The history file could not be read and was moved aside; recording begins anew", {
			...opened.quarantined,
			code: "series.quarantined",
		});
	};

	/** Everything on its way is given back; what the file holds decides what is known. */
	const failAll = (error: MillwrightError, opened?: Opened) => {
		timer?.cancel();
		timer = undefined;
		due = false;
		const lost = [...(flying?.packs ?? []), ...sealed, ...(filling ? [filling] : [])];
		flying = undefined;
		sealed = [];
		filling = undefined;
		queued = 0;
		if (opened) takeOver(opened);
		else for (const one of known.values()) one.taken = new SequenceSet(one.stored.ranges());
		for (const pack of lost) for (const waiter of pack.waiters) waiter.reject(error);
		wakeDrained();
	};

	const wakeDrained = () => {
		if (flying || sealed.length > 0 || filling) return;
		for (const wake of drained) wake();
		drained = [];
	};

	const seal = () => {
		if (!filling) return;
		sealed.push(filling);
		filling = undefined;
		timer?.cancel();
		timer = undefined;
	};

	const flush = () => {
		if (state !== "open" || flying) return;
		if (due) {
			seal();
			due = false;
		}
		const going = sealed.splice(0, packsPerFlush);
		if (going.length === 0) return wakeDrained();
		flying = { id: ++lastId, packs: going, sentMs: clock.monotonicMs() };
		const messages = going.map((pack) => pack.seal());
		say(
			{ kind: "flush", id: flying.id, packs: messages },
			messages.map(({ buffer }) => buffer),
		);
	};

	const flushed = (message: Extract<FromWorker, { kind: "flushed" }>) => {
		if (flying?.id !== message.id) return;
		packs.giveBack(message.buffers);
		const { packs: done, sentMs } = flying;
		flying = undefined;
		flushes++;
		lastFlushMs = clock.monotonicMs() - sentMs;
		latency.add(lastFlushMs);
		trouble = undefined;
		for (const pack of done) {
			queued -= pack.weight;
			for (const [connection, ranges] of pack.progress) {
				const one = known.get(connection) as Known;
				for (const { first, last } of ranges) {
					one.stored.add(first, last);
					one.lowest = Math.min(one.lowest, first);
				}
			}
		}
		for (const pack of done)
			for (const waiter of pack.waiters) waiter.resolve({ stored: waiter.stored, duplicate: waiter.duplicate });
		flush();
		wakeDrained();
	};

	const hear = (message: FromWorker) => {
		switch (message.kind) {
			case "opened":
				state = "open";
				trouble = undefined;
				backoff.reset();
				takeOver(message.opened);
				opening?.resolve();
				opening = undefined;
				break;
			case "open-failed":
				opening?.reject(errorFrom(message.error));
				opening = undefined;
				break;
			case "flushed":
				flushed(message);
				break;
			case "flush-failed":
				packs.giveBack(message.buffers);
				trouble = errorFrom(message.error);
				log.error(trouble.message, { code: trouble.code, hint: trouble.hint });
				failAll(trouble, message.opened);
				break;
			case "damaged":
				missing = [...missing, message.missing];
				log.error(message.reason, { code: "series.file-damaged", ...shown(message.missing) });
				break;
			case "roll-failed":
				log.error(`Rows stay in the table: ${message.error.message}`, { code: message.error.code });
				break;
			case "answer":
				questions.get(message.id)?.resolve(message.value as never);
				questions.delete(message.id);
				break;
			case "failed":
				questions.get(message.id)?.reject(errorFrom(message.error));
				questions.delete(message.id);
				break;
		}
	};

	const open = (): Promise<void> => {
		state = "opening";
		const thread = spawn();
		worker = thread;
		thread.on("message", hear);
		thread.on("error", (error) => lost(thread, error));
		thread.on("exit", (code) => lost(thread, new Error(`the worker ended with code ${code}`)));
		return new Promise<void>((resolve, reject) => {
			opening = { resolve, reject };
			say({
				kind: "open",
				options: {
					file,
					folder,
					rollRows: options.rollRows ?? 2_000_000,
					memoryMb: options.memoryMb,
					threads: options.threads,
					temporaryFolder: options.temporaryFolder,
					progressRows: options.progressRows ?? 20_000,
				},
			});
		});
	};

	/** The thread is gone though nobody asked it to go. */
	const lost = (thread: Worker, cause: Error) => {
		if (worker !== thread) return;
		worker = undefined;
		closing?.();
		const error = new MillwrightError("series.worker-lost", `The history's worker is gone: ${cause.message}`, {
			kind: "outage",
			hint: "It is started again by itself; the ring keeps the samples meanwhile.",
			cause,
		});
		opening?.reject(error);
		opening = undefined;
		for (const { reject } of questions.values()) reject(error);
		questions.clear();
		failAll(error);
		if (state === "closed") return;
		trouble = error;
		log.error(error.message, { code: error.code });
		comeBack();
	};

	const comeBack = () => {
		state = "away";
		restart = clock.after(backoff.next(), () => {
			open().catch((thrown: MillwrightError) => {
				if (state === "closed") return;
				trouble = thrown;
				log.error(thrown.message, { code: thrown.code });
				const thread = worker;
				worker = undefined;
				void thread?.terminate();
				comeBack();
			});
		});
	};

	const ask = <K extends Query["kind"]>(
		query: Extract<Query, { kind: K }>,
		signal?: AbortSignal,
		transfer?: ArrayBuffer[],
	): Promise<Answers[K]> => {
		if (state !== "open") return Promise.reject(trouble ?? notOpen());
		if (signal?.aborted) return Promise.reject(signal.reason);
		const id = ++lastId;
		return new Promise<Answers[K]>((resolve, reject) => {
			const cancel = () => say({ kind: "cancel", id });
			signal?.addEventListener("abort", cancel, { once: true });
			const over =
				<T>(settle: (value: T) => void) =>
				(value: T) => {
					signal?.removeEventListener("abort", cancel);
					settle(value);
				};
			questions.set(id, { resolve: over(resolve) as (value: never) => void, reject: over(reject) });
			say({ kind: "query", id, query }, transfer);
		});
	};

	return {
		name: "series-duckdb",
		get quarantined() {
			return quarantined;
		},

		async start() {
			if (state !== "closed") return;
			try {
				await open();
			} catch (thrown) {
				state = "closed";
				const thread = worker;
				worker = undefined;
				await thread?.terminate();
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
			const thread = worker;
			if (thread) {
				// It ends by itself once everything is closed; nothing is cut off.
				const ended = new Promise<void>((resolve) => {
					closing = resolve;
				});
				say({ kind: "close" });
				await ended;
				closing = undefined;
				worker = undefined;
			}
			for (const { reject } of questions.values()) reject(notOpen());
			questions.clear();
			failAll(notOpen());
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
						hint: "The disk is slower than the plant; what is refused stays in the ring.",
					}),
				);
			let one = known.get(connection);
			if (!one) {
				one = { stored: new SequenceSet(), taken: new SequenceSet(), lowest: Number.POSITIVE_INFINITY };
				known.set(connection, one);
			}
			const missing = one.taken.add(first, last);
			const aRowEach = length === last - first + 1;
			const stored = missing.length === 0 ? 0 : aRowEach ? countOf(missing) : length;
			if (filling && filling.rows + stored > filling.capacity) seal();
			filling ??= packs.open(stored);
			if (missing.length > 0) {
				if (aRowEach && stored < length)
					for (const part of missing) filling.addRows(batch, part.first - first, part.last - first + 1);
				else filling.addRows(batch, 0, length);
				filling.addProgress(connection, first, last);
				queued += weight;
				filling.weight += weight;
			}
			const pack = filling;
			const promise = new Promise<{ stored: number; duplicate: number }>((resolve, reject) => {
				pack.waiters.push({ stored, duplicate: length - stored, resolve, reject });
			});
			if (pack.rows >= options.flushRows) seal();
			else
				timer ??= clock.after(flushMs, () => {
					timer = undefined;
					due = true;
					flush();
				});
			if (sealed.length > 0) flush();
			return promise;
		},

		storedThrough: (connection) => {
			const one = known.get(connection);
			return one && Number.isFinite(one.lowest) ? one.stored.through(one.lowest) : -1;
		},

		storedCount: (connection) => known.get(connection)?.stored.size ?? 0,
		connections: () => [...known.keys()],
		storedRanges: (connection) => known.get(connection)?.stored.ranges() ?? [],

		async raw({ tag, range, limit, newestFirst = false, signal }) {
			return rowsFrom(await ask<"raw">({ kind: "raw", tag, ...range, limit, newestFirst }, signal));
		},

		async before({ tags, time, signal }) {
			if (tags.length === 0) return new Map();
			const found = await ask<"before">({ kind: "before", tags, time }, signal);
			return new Map(found.map(({ tag, text, ...last }) => [tag, text === undefined ? last : { ...last, text }]));
		},

		async aggregate({ tags, range, bucket, functions, signal }) {
			if (tags.length === 0) return new Map();
			const buckets = await ask<"aggregate">(
				{ kind: "aggregate", tags, ...range, holdUntil: clock.now(), bucket, functions },
				signal,
			);
			return new Map(buckets.map(({ tag, starts, columns }) => [tag, { starts, columns }]));
		},

		async downsample({ tags, range, points, signal }) {
			if (tags.length === 0) return new Map();
			const answers = await ask<"downsample">({ kind: "downsample", tags, ...range, points }, signal);
			return new Map(answers.map((answer) => [answer.tag, rowsFrom(answer)]));
		},

		export: ({ tags, range, format, file: to, signal }) =>
			ask<"export">({ kind: "export", tags, ...range, format, file: to }, signal),

		async figures() {
			if (state === "open")
				try {
					const holdings = await ask<"holdings">({ kind: "holdings" });
					held = holdings.tiers;
					missing = holdings.missing;
				} catch {
					// What was held last is told instead.
				}
			return {
				...overall(Object.values(held)),
				tiers: held,
				...(missing.length > 0 ? { missing } : {}),
				queued,
				flushes,
				lastFlushMs,
			};
		},

		days: ({ range, signal }) => ask<"days">({ kind: "days", ...range }, signal),

		async inOrder({ tags, range, limit, after, signal }) {
			const { rows, next } = await ask<"inOrder">({ kind: "inOrder", tags, ...range, limit, after }, signal);
			const { texts, ...columns } = rows;
			return { rows: texts.length > 0 ? { ...columns, texts: new Map(texts) } : columns, next };
		},

		tidy: ({ until, signal }) => ask<"tidy">({ kind: "tidy", until }, signal),

		forget: ({ tags, before, signal }) => ask<"forget">({ kind: "forget", tags, before }, signal),

		async bringIn({ id: piece, rows, signal }) {
			if (!/^[a-z0-9_-]{1,64}$/.test(piece))
				throw new MillwrightError("series.piece-name", `"${piece.slice(0, 70)}" cannot name what is brought in`, {
					kind: "input",
					hint: "Use up to 64 of a–z, 0–9, _ and -.",
				});
			await ask<"bringOpen">({ kind: "bringOpen", piece }, signal);
			try {
				for await (const some of rows) {
					signal?.throwIfAborted();
					for (const pack of packsOf(some))
						await ask<"bringRows">({ kind: "bringRows", piece, rows: pack }, signal, [pack.buffer]);
				}
				signal?.throwIfAborted();
				return await ask<"bringFinish">({ kind: "bringFinish", piece }, signal);
			} catch (thrown) {
				await ask<"bringDrop">({ kind: "bringDrop", piece }).catch(() => {});
				throw thrown;
			}
		},

		takeOut: ({ id: piece }) => ask<"takeOut">({ kind: "takeOut", piece }),

		copyTo: ({ folder: to, signal }) => ask<"copyTo">({ kind: "copyTo", folder: to }, signal),

		async restoreFrom({ folder: from }) {
			if (state !== "closed")
				throw new MillwrightError("series.not-empty", "The history is open", {
					kind: "conflict",
					hint: "Restore before it is started, into a new data folder.",
				});
			return restoreFrom(from, { file, folder });
		},

		flushLatency: () => ({ p50: latency.quantile(0.5), p99: latency.quantile(0.99), max: latency.max() }),

		health() {
			if (trouble) return { state: "failing", reason: trouble.message, ...(trouble.hint ? { hint: trouble.hint } : {}) };
			if (quarantined)
				return {
					state: "degraded",
					reason: `The history file could not be read at start (${quarantined.reason}); recording began anew`,
					hint: `The old file was kept: ${quarantined.files.join(", ")}. Restore a backup, or delete it to accept the loss.`,
				};
			if (missing.length > 0)
				return {
					state: "degraded",
					reason: `Files of the history could not be read and were set aside: ${missing.map(told).join(", ")}`,
					hint: `They were kept as ….damaged in ${folder}. Restore these days from a backup, or accept the loss.`,
				};
			return state === "open" ? { state: "good" } : { state: "failing", reason: "The history is not open" };
		},
	};
}

const dateOf = (day: bigint): string => new Date(Number(day / 1_000_000n)).toISOString().slice(0, 10);
const told = ({ day, rows }: Missing): string => `${rows} samples of ${dateOf(day)}`;
const shown = ({ day, rows, file }: Missing) => ({ day: dateOf(day), rows, file });

function overall(tiers: readonly TierFigures[]): TierFigures {
	const least = (a: bigint | undefined, b: bigint | undefined) => (a === undefined || (b !== undefined && b < a) ? b : a);
	const greatest = (a: bigint | undefined, b: bigint | undefined) => (a === undefined || (b !== undefined && b > a) ? b : a);
	return tiers.reduce(
		(sum, tier) => ({
			rows: sum.rows + tier.rows,
			bytes: sum.bytes + tier.bytes,
			oldest: least(sum.oldest, tier.oldest),
			newest: greatest(sum.newest, tier.newest),
		}),
		{ rows: 0, bytes: 0, oldest: undefined, newest: undefined },
	);
}

const startWorker = () => new Worker(new URL("./worker.ts", import.meta.url), { name: "series-duckdb" });

const notOpen = () => new MillwrightError("series.closed", "The history is not open", { kind: "outage" });

const errorFrom = ({ code, message, ...details }: ErrorBody) => new MillwrightError(code, message, details);

const countOf = (ranges: readonly NumberRange[]): number => ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** Words take memory too: as many rows as fill the same bytes. */
function textWeight({ texts }: SampleBatch): number {
	let characters = 0;
	for (const text of texts.values()) characters += text.length;
	return Math.ceil(characters / packedRowBytes);
}

const rowsFrom = ({ times, values, quality, texts, samples }: RowsAnswer): SeriesRows => ({
	times,
	values,
	quality,
	...(texts.length > 0 ? { texts: new Map(texts) } : {}),
	samples,
});
