import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MillwrightError } from "@millwright/core";
import type { ChildAnswer, ChildQuestion, TableChunk, TableLook, TableQuery } from "./protocol.ts";

export type { TableChunk, TableLook, TableQuery } from "./protocol.ts";

const program = fileURLToPath(new URL("./child.ts", import.meta.url));

/** Reads CSV and Parquet files of history in a process of their own, one a call. */
export interface TableReader {
	/** Columns and first rows, cells as text. */
	look(about: { file: string; format: "csv" | "parquet"; signal?: AbortSignal }): Promise<TableLook>;
	/** The whole table as samples, in the file's order; the next piece is only made when it is asked for. */
	read(query: TableQuery, signal?: AbortSignal): AsyncIterable<TableChunk>;
}

export function createTableReader({ temporaryFolder }: { temporaryFolder: string }): TableReader {
	return {
		async look({ file, format, signal }) {
			const child = open(signal);
			try {
				const answer = await child.ask({ kind: "look", file, format, temporaryFolder });
				if (answer.kind !== "look") throw unreadable(file, "it gave no columns");
				return answer.look;
			} catch (thrown) {
				throw asUnreadable(file, thrown);
			} finally {
				child.end();
			}
		},
		async *read(query, signal) {
			const child = open(signal);
			try {
				let answer = await child.ask({ kind: "read", query, temporaryFolder });
				while (answer.kind === "chunk") {
					yield answer.chunk;
					answer = await child.ask({ kind: "next" });
				}
			} catch (thrown) {
				throw asUnreadable(query.file, thrown);
			} finally {
				child.end();
			}
		},
	};
}

function open(signal?: AbortSignal): { ask(question: ChildQuestion): Promise<ChildAnswer>; end(): void } {
	const child: ChildProcess = fork(program, [], { serialization: "advanced", stdio: ["ignore", "ignore", "ignore", "ipc"] });
	let waiting: PromiseWithResolvers<ChildAnswer> | undefined;
	let gone: Error | undefined;
	const lost = (reason: Error): void => {
		gone ??= reason;
		waiting?.reject(gone);
	};
	child.on("message", (answer: ChildAnswer) => waiting?.resolve(answer));
	child.on("error", lost);
	child.on("exit", (code, by) => lost(new Error(`the reader ended (${by ?? `code ${code}`})`)));
	const abort = (): void => {
		lost(new Error("it was given up"));
		child.kill("SIGKILL");
	};
	if (signal?.aborted) abort();
	else signal?.addEventListener("abort", abort, { once: true });
	return {
		async ask(question) {
			if (gone) throw gone;
			waiting = Promise.withResolvers<ChildAnswer>();
			child.send(question, (error) => error && lost(error));
			const answer = await waiting.promise;
			if (answer.kind === "failed") throw new Error(answer.message);
			return answer;
		},
		end() {
			signal?.removeEventListener("abort", abort);
			child.kill("SIGKILL");
		},
	};
}

const unreadable = (file: string, why: string): MillwrightError =>
	new MillwrightError("history.import-unreadable", `The file cannot be read as a table: ${why}`, {
		kind: "input",
		hint: "Check the format, the separator and that the first line names the columns.",
		place: file.split(/[\\/]/).at(-1) ?? file,
	});

const asUnreadable = (file: string, thrown: unknown): unknown =>
	thrown instanceof MillwrightError
		? thrown
		: unreadable(
				file,
				(thrown instanceof Error ? thrown.message : String(thrown)).replaceAll(file, file.split(/[\\/]/).at(-1) ?? file),
			);
