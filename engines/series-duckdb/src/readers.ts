import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { MillwrightError } from "@millwright/core";

interface Job {
	id: number;
	run(connection: DuckDBConnection): Promise<void>;
	refuse(error: Error): void;
}

/** A few connections for questions; each question has one to itself, the rest wait in line. */
export interface Readers {
	/** `check` throws once the question was taken back. */
	ask<T>(id: number, run: (connection: DuckDBConnection, check: () => void) => Promise<T>): Promise<T>;
	/** Ends a question: taken out of the line, or interrupted. */
	cancel(id: number): void;
	/** Interrupts everything and waits for it to end. */
	close(): Promise<void>;
}

export function createReaders({
	instance,
	connections,
	line,
}: {
	instance: DuckDBInstance;
	connections: number;
	line: number;
}): Readers {
	const idle: DuckDBConnection[] = [];
	/** Out of the line; without a connection yet while one is being opened. */
	const busy = new Map<number, { connection: DuckDBConnection | undefined; cancelled: boolean }>();
	const running = new Set<Promise<void>>();
	let waiting: Job[] = [];
	let open = 0;
	let closed = false;

	const next = () => {
		if (closed || waiting.length === 0 || (idle.length === 0 && open >= connections)) return;
		const job = waiting.shift() as Job;
		const life: Promise<void> = work(job).finally(() => {
			running.delete(life);
			next();
		});
		running.add(life);
	};

	const work = async (job: Job) => {
		let connection = idle.pop();
		const state = { connection, cancelled: false };
		busy.set(job.id, state);
		if (!connection) {
			open++;
			try {
				connection = await instance.connect();
			} catch (thrown) {
				open--;
				busy.delete(job.id);
				job.refuse(thrown as Error);
				return;
			}
			state.connection = connection;
		}
		if (state.cancelled) job.refuse(cancelled());
		else await job.run(connection);
		busy.delete(job.id);
		idle.push(connection);
	};

	return {
		ask(id, run) {
			return new Promise((resolve, reject) => {
				if (closed) return reject(gone());
				if (waiting.length >= line)
					return reject(
						new MillwrightError("series.too-many-questions", `${waiting.length} questions are already waiting for the history`, {
							kind: "busy",
							hint: "Ask again in a moment, or ask for fewer tags or a shorter time at once.",
						}),
					);
				waiting.push({
					id,
					run: async (connection) => {
						try {
							const answer = await run(connection, () => {
								if (busy.get(id)?.cancelled) throw cancelled();
							});
							// Between two pieces of a question there is nothing to interrupt.
							if (busy.get(id)?.cancelled) reject(cancelled());
							else resolve(answer);
						} catch (thrown) {
							reject(busy.get(id)?.cancelled ? cancelled() : thrown);
						}
					},
					refuse: reject,
				});
				next();
			});
		},
		cancel(id) {
			const job = waiting.find((candidate) => candidate.id === id);
			if (job) {
				waiting = waiting.filter((candidate) => candidate !== job);
				job.refuse(cancelled());
				return;
			}
			const now = busy.get(id);
			if (!now) return;
			now.cancelled = true;
			now.connection?.interrupt();
		},
		async close() {
			closed = true;
			for (const job of waiting) job.refuse(gone());
			waiting = [];
			for (const now of busy.values()) {
				now.cancelled = true;
				now.connection?.interrupt();
			}
			await Promise.allSettled(running);
			for (const connection of idle) connection.closeSync();
		},
	};
}

export const cancelled = () =>
	new MillwrightError("series.cancelled", "The question was taken back before it was answered", { kind: "input" });
const gone = () => new MillwrightError("series.closed", "The history is closed", { kind: "outage" });
