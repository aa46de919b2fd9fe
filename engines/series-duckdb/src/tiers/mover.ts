import type { DuckDBConnection } from "@duckdb/node-api";
import { MillwrightError } from "@millwright/core";
import { createBreath } from "./breath.ts";
import type { Gate } from "./gate.ts";
import type { HotHours } from "./hot-rows.ts";
import { type Segment, type Segments, writeSegments } from "./segments.ts";

/** What an order may change, and how it becomes true. */
export interface Moving {
	connection: DuckDBConnection;
	segments: Segments;
	hours: HotHours;
	/** Throws when the order was taken back. */
	check(): void;
	breathe(): Promise<void> | undefined;
	/** Writes the log into the database file, so that what was replaced before may be deleted. */
	settle(): Promise<void>;
	/**
	 * Ends the transaction that the order began: files that come and go, and hot rows that went, all at one moment for
	 * every question.
	 */
	commit(change: { gone?: readonly Segment[]; come?: readonly Segment[]; hot?: ReadonlyMap<bigint, number> }): Promise<void>;
}

/** Everything that changes files or takes rows out of the table, one order after the other, beside appends and questions. */
export interface Mover {
	run<T>(check: () => void, order: (moving: Moving) => Promise<T>): Promise<T>;
	readonly busy: boolean;
	readonly isClosed: boolean;
	/** Waits for the order at hand; those behind it are refused by their own checks. */
	close(): Promise<void>;
}

const checkpointTries = 25;

export function createMover({
	connection,
	segments,
	hours,
	gate,
	doubtful,
}: {
	connection: DuckDBConnection;
	segments: Segments;
	hours: HotHours;
	gate: Gate;
	/** Nobody knows whether a transaction took place: everything must be read afresh. */
	doubtful(): void;
}): Mover {
	let last: Promise<unknown> = Promise.resolve();
	let waiting = 0;
	let closed = false;
	let committing = false;

	const commit: Moving["commit"] = async ({ gone = [], come = [], hot = new Map() }) => {
		await writeSegments(connection, gone, come);
		await gate.write(async () => {
			committing = true;
			try {
				await connection.run("COMMIT");
			} catch (thrown) {
				segments.keepAll();
				doubtful();
				throw thrown;
			} finally {
				committing = false;
			}
			segments.replace(gone, come);
			hours.subtract(hot);
		});
		await settle();
	};

	/** What was replaced may be deleted only when the change no longer hangs on the log alone, which could be lost. */
	const settle = async () => {
		for (let i = 0; i < checkpointTries; i++) {
			try {
				await connection.run("CHECKPOINT");
				segments.settle();
				return;
			} catch {
				// Another transaction is at work: a flush lasts milliseconds, an export longer; the next order tries again.
				await new Promise((resolve) => setTimeout(resolve, 10));
			}
		}
	};

	return {
		get busy() {
			return waiting > 0;
		},
		get isClosed() {
			return closed;
		},
		run(check, order) {
			// Not even a ROLLBACK may reach a connection that is closed.
			if (closed) return Promise.reject(closing());
			waiting++;
			const checked = () => {
				if (closed) throw closing();
				check();
			};
			const mine = last.then(async () => {
				try {
					checked();
					return await order({ connection, segments, hours, check: checked, breathe: createBreath(checked), commit, settle });
				} catch (thrown) {
					await connection.run("ROLLBACK").catch(() => {});
					throw thrown;
				} finally {
					waiting--;
				}
			});
			last = mine.catch(() => {});
			return mine;
		},
		async close() {
			closed = true;
			// A commit is never cut off: nobody would know whether it took place.
			if (!committing) connection.interrupt();
			await last;
			connection.closeSync();
		},
	};
}

const closing = () => new MillwrightError("series.closed", "The history is being closed", { kind: "outage" });
