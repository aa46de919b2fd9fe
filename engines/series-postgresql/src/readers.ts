import { MillwrightError } from "@millwright/core";
import { asPostgresqlError, postgresqlFailure } from "@millwright/runtime";
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { createRowDecoder, type Fields } from "./copy-format.ts";
import { type Dial, hangUp, pidOf } from "./dial.ts";

/** Asks one question after the other on one connection. */
export type Ask = (
	sql: string,
	columns: number,
	each: (fields: Fields) => void,
	/** Between pieces of the answer; the server waits for it. */
	between?: () => Promise<void>,
) => Promise<void>;

export interface Readers {
	/** Waits for a connection, in turn; ends what the server does when the signal says so. */
	ask<R>(work: (ask: Ask, client: pg.Client) => Promise<R>, signal?: AbortSignal): Promise<R>;
	close(): Promise<void>;
}

/** Rows of an answer, as the server's binary columns. */
export async function askOn(client: pg.Client, ...[sql, columns, each, between]: Parameters<Ask>): Promise<void> {
	const decoder = createRowDecoder(columns, each);
	const stream = client.query(copyTo(`COPY (${sql}) TO STDOUT (FORMAT binary)`));
	for await (const chunk of stream) {
		decoder.add(chunk as Buffer);
		await between?.();
	}
	decoder.end();
}

const silenceMs = 5000;

/** A few connections for questions, opened when they are needed. */
export function createReaders({
	dial,
	connections,
	line,
	statementMs,
	name,
}: {
	dial: Dial;
	connections: number;
	line: number;
	statementMs: number;
	name: string;
}): Readers {
	const idle: pg.Client[] = [];
	const everyone = new Set<pg.Client>();
	let open = 0;
	let waiting: { resolve(): void; reject(error: Error): void }[] = [];
	let closed = false;

	const take = async (): Promise<pg.Client> => {
		if (open >= connections && idle.length === 0) {
			if (waiting.length >= line)
				throw new MillwrightError("series.busy", `${waiting.length} questions wait already`, {
					kind: "busy",
					hint: "Try again in a moment.",
				});
			await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
			if (closed) throw gone();
			return take();
		}
		const client = idle.pop();
		if (client) return client;
		open++;
		try {
			const fresh: pg.Client = await dial.open({
				name,
				statementMs,
				lost: () => drop(fresh),
			});
			everyone.add(fresh);
			return fresh;
		} catch (thrown) {
			open--;
			waiting.shift()?.resolve();
			throw thrown;
		}
	};
	const drop = (client: pg.Client) => {
		if (!everyone.delete(client)) return;
		open--;
		const at = idle.indexOf(client);
		if (at >= 0) idle.splice(at, 1);
		waiting.shift()?.resolve();
	};
	const pass = (client: pg.Client) => {
		if (!everyone.has(client)) return;
		idle.push(client);
		waiting.shift()?.resolve();
	};

	return {
		async ask(work, signal) {
			if (closed) throw gone();
			if (signal?.aborted) throw signal.reason;
			const client = await take();
			const cancel = () => void dial.cancel(pidOf(client)).catch(() => {});
			signal?.addEventListener("abort", cancel, { once: true });
			// The server ends what takes too long; where it does not even do that, nobody is there.
			const silent = statementMs > 0 ? setTimeout(() => void hangUp(client), statementMs + silenceMs) : undefined;
			silent?.unref();
			try {
				if (signal?.aborted) throw signal.reason;
				const answer = await work((...question) => askOn(client, ...question), client);
				signal?.removeEventListener("abort", cancel);
				pass(client);
				return answer;
			} catch (thrown) {
				signal?.removeEventListener("abort", cancel);
				// A question that broke off may have left half an answer on the line.
				drop(client);
				void hangUp(client);
				if (signal?.aborted)
					throw new MillwrightError("series.cancelled", "The question was taken back before it was answered", {
						kind: "input",
						cause: thrown,
					});
				if (closed) throw gone();
				if (thrown instanceof Error && postgresqlFailure(thrown).code === "query-failed" && !("code" in thrown)) throw thrown;
				throw asPostgresqlError(thrown, "series", dial.place);
			} finally {
				clearTimeout(silent);
			}
		},
		async close() {
			closed = true;
			for (const { reject } of waiting) reject(gone());
			waiting = [];
			const all = [...everyone];
			const busy = all.filter((client) => !idle.includes(client));
			await Promise.all(busy.map((client) => dial.cancel(pidOf(client)).catch(() => {})));
			everyone.clear();
			await Promise.all(all.map(hangUp));
		},
	};
}

const gone = () => new MillwrightError("series.closed", "The history is closed", { kind: "outage" });
