import { type Clock, type Log, type SampleBatch, SampleBatchBuilder } from "@millwright/core";
import type { Mark, Repeats } from "./repeats.ts";
import { externalConnection } from "./tag-topics.ts";

/** Rows that are not numbered yet. */
export type SampleColumns = Pick<SampleBatch, "length" | "tags" | "times" | "values" | "quality" | "texts">;

export type IngestExternal = (
	connection: string,
	rows: SampleColumns,
	about: { historical: boolean; receivedMs: number },
) => unknown;

/** One value of a document, ready to be stored. */
export interface ExternalRow {
	tag: number;
	/** Source time, halves of ns since 1970. */
	high: number;
	low: number;
	/** NaN where there is none. */
	value: number;
	text: string | undefined;
	quality: number;
}

const rowsAtOnce = 4000;
/** So long publishers wait for a disk that is stuck; then they are read on, so that they see that we are there. */
const patienceMs = 5000;

/** What goes to the ring together, and those who wait until it is there. */
interface Group {
	live: SampleBatchBuilder;
	historical: SampleBatchBuilder;
	/** Two halves a row, in case it has to be forgotten. */
	marks: number[];
	done: PromiseWithResolvers<void>;
}

/** Collects the values of a turn of the event loop and hands them on as columns; one promise for all who wait for them. */
export function createExternalRows(tools: {
	clock: Clock;
	log: Log;
	repeats: Repeats;
	ingest: IngestExternal;
	/** Rows that may wait for the disk before publishers are asked to wait. */
	mostUnderWay?: number;
}) {
	const { clock, log, repeats, mostUnderWay = 200_000 } = tools;
	let builders: SampleBatchBuilder[] = [];
	let group = next();
	/** Of the newest rows that went to the ring; it takes them in order. */
	let under: Promise<void> = Promise.resolve();
	let scheduled = false;
	/** Rows handed on that are not durable yet. */
	let underWay = 0;
	let room: PromiseWithResolvers<void> | undefined;

	function landed(rows: number): void {
		underWay -= rows;
		if (underWay * 2 < mostUnderWay) madeRoom();
	}

	function madeRoom(): void {
		room?.resolve();
		room = undefined;
	}

	function waitForRoom(): Promise<void> {
		if (room === undefined) {
			const mine = Promise.withResolvers<void>();
			room = mine;
			clock.after(patienceMs, () => {
				if (room === mine) madeRoom();
			});
		}
		return room.promise;
	}

	function next(): Group {
		const done = Promise.withResolvers<void>();
		// Of QoS 0 nobody waits to hear of a failure.
		done.promise.catch(() => {});
		const builder = (): SampleBatchBuilder => builders.pop() ?? new SampleBatchBuilder(256);
		return { live: builder(), historical: builder(), marks: [], done };
	}

	async function ingest(rows: SampleBatchBuilder, historical: boolean): Promise<void> {
		if (rows.length === 0) return;
		const columns = rows.take({ connection: externalConnection, first: 0 });
		await tools.ingest(externalConnection, columns, { historical, receivedMs: clock.nowMs() });
	}

	function flush(): void {
		const { live, historical, marks, done } = group;
		const rows = live.length + historical.length;
		if (rows === 0) return;
		group = next();
		under = done.promise;
		underWay += rows;
		const both = Promise.all([ingest(live, false), ingest(historical, true)]);
		builders = [live, historical];
		both.then(
			() => {
				landed(rows);
				done.resolve();
			},
			(error: unknown) => {
				landed(rows);
				const one: Mark = { a: 0, b: 0 };
				for (let i = 0; i < marks.length; i += 2) {
					one.a = marks[i] as number;
					one.b = marks[i + 1] as number;
					repeats.forget(one);
				}
				log.error("Samples of MQTT clients could not be taken in", { rows, error: String(error) });
				done.reject(error);
			},
		);
	}

	return {
		/** Resolves when the row is durable; rejects when it could not be stored, and is forgotten. */
		add({ tag, high, low, value, text, quality }: ExternalRow, historical: boolean, mark: Mark): Promise<void> {
			const { done, marks } = group;
			(historical ? group.historical : group.live).addHalves(tag, high, low, text ?? value, quality);
			marks.push(mark.a, mark.b);
			if (marks.length >= rowsAtOnce * 2) flush();
			else if (!scheduled) {
				scheduled = true;
				setImmediate(() => {
					scheduled = false;
					flush();
				});
			}
			return done.promise;
		},
		flush,
		/** When everything added until now is durable. */
		settled: (): Promise<void> => (group.marks.length > 0 ? group.done.promise : under),
		/** Resolves when publishers may go on; undefined while there is room. */
		room: (): Promise<void> | undefined => (underWay < mostUnderWay ? undefined : waitForRoom()),
	};
}
