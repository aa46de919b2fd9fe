import { type Log, type Nanos, type SampleBatch, valueAt } from "@millwright/core";
import { TagColumns } from "./columns.ts";
import type { ExternalRow } from "./external-rows.ts";
import { createRepeats, type Mark } from "./repeats.ts";

/** What is known of samples from before this start. */
export interface Remembered {
	/** The newest rows of a connection that are still at hand, as they were before this start. */
	recent?(connection: string, rows: number, each: (batch: SampleBatch) => void): Promise<void>;
	/** The newest sample of each tag that was ever stored. */
	newest?(tags: readonly number[]): Promise<ReadonlyMap<number, { time: Nanos; value: number; text?: string; quality: number }>>;
}

/** Rows looked back; with QoS 1 a client sends again what was under way, and it has at most 65,535 messages under way. */
const rowsBack = 500_000;
/** Documents that may wait for an answer before publishers are asked to wait. */
const mostWaiting = 50_000;

interface Doubtful {
	row: ExternalRow;
	historical: boolean;
	mark: Mark;
	/** A broker outside had it from before. */
	isKept: boolean;
}

/**
 * Documents of which it has to be found out whether they were stored before this start: those that come before the ring has
 * been looked through, and those a broker outside kept. A client that was cut off by a crash sends again what it got no
 * acknowledgement for, though it may be on disk.
 */
export function createDoubts(tools: {
	connection: string;
	remembered: Remembered;
	log: Log;
	/** It is new. */
	add(row: ExternalRow, historical: boolean, mark: Mark): Promise<void>;
	/** It is not. */
	repeated(): void;
}) {
	const { connection, remembered, log } = tools;
	let before: ReturnType<typeof createRepeats> | undefined;
	/** Newest source time of all that is remembered; what is later is new. */
	const newest = { high: 0, low: 0 };
	let isOpen = remembered.recent === undefined;
	let waiting: Doubtful[] = [];
	let done = Promise.withResolvers<void>();
	let asking: Promise<void> | undefined;

	function remember(batch: SampleBatch): void {
		before ??= createRepeats({ most: rowsBack });
		const halves = TagColumns.halves(batch);
		for (let row = 0; row < batch.length; row++) {
			const high = halves[row * 2 + 1] as number;
			const low = halves[row * 2] as number;
			if (high > newest.high || (high === newest.high && low > newest.low)) Object.assign(newest, { high, low });
			const value = valueAt(batch, row);
			before.note({
				tag: batch.tags[row] as number,
				high,
				low,
				sequence: undefined,
				value: typeof value === "number" ? value : Number.NaN,
				text: typeof value === "string" ? value : undefined,
				quality: batch.quality[row] as number,
			});
		}
	}

	function wasStored(row: ExternalRow): boolean {
		if (before === undefined || row.high > newest.high || (row.high === newest.high && row.low > newest.low)) return false;
		return before.has({ ...row, sequence: undefined });
	}

	async function newestOf(rows: readonly Doubtful[]): ReturnType<NonNullable<Remembered["newest"]>> {
		const tags = [...new Set(rows.filter(({ isKept }) => isKept).map(({ row }) => row.tag))];
		if (tags.length === 0 || remembered.newest === undefined) return new Map();
		return remembered.newest(tags).catch((error: unknown) => {
			log.warn("The history could not tell what it has of what a broker kept", { tags: tags.length, error: String(error) });
			return new Map();
		});
	}

	async function decide(): Promise<void> {
		const [rows, told] = [waiting, done];
		waiting = [];
		done = Promise.withResolvers();
		const stored = await newestOf(rows);
		let last: Promise<void> = Promise.resolve();
		for (const { row, historical, mark } of rows) {
			if (wasStored(row) || isSame(stored.get(row.tag), row)) tools.repeated();
			else last = tools.add(row, historical, mark);
		}
		last.then(told.resolve, told.reject);
	}

	function ask(): void {
		if (!isOpen || asking !== undefined || waiting.length === 0) return;
		asking = decide().finally(() => {
			asking = undefined;
			ask();
		});
	}

	return {
		/** Must this document wait for an answer? */
		concerns: (row: ExternalRow, isKept: boolean): boolean => !isOpen || isKept || wasStored(row),
		/** Resolves when it is durable, now or from before; `row` is copied. */
		add(row: ExternalRow, about: Omit<Doubtful, "row">): Promise<void> {
			const { tag, high, low, value, text, quality } = row;
			waiting.push({ ...about, row: { tag, high, low, value, text, quality } });
			// Of QoS 0 nobody waits to hear of a failure.
			if (waiting.length === 1) done.promise.catch(() => {});
			const { promise } = done;
			if (isOpen) setImmediate(ask);
			return promise;
		},
		room: (): Promise<void> | undefined => (waiting.length < mostWaiting ? undefined : done.promise),
		/** Looks through what was stored before this start; documents that came meanwhile are decided then. */
		async open(): Promise<void> {
			try {
				await remembered.recent?.(connection, rowsBack, remember);
			} catch (error) {
				log.warn("The samples from before this start could not be looked through; what comes again may be stored twice", {
					error: String(error),
				});
			}
			isOpen = true;
			ask();
		},
	};
}

const isSame = (stored: { time: Nanos; value: number; text?: string; quality: number } | undefined, row: ExternalRow): boolean =>
	stored !== undefined &&
	stored.time === ((BigInt(row.high) << 32n) | BigInt(row.low)) &&
	stored.quality === row.quality &&
	stored.text === row.text &&
	(row.text !== undefined || Object.is(stored.value, row.value) || stored.value === row.value);
