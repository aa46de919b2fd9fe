import { existsSync, rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { MillwrightError } from "@millwright/core";

/**
 * A whole, compact copy of an SQLite file that others may have open and write to meanwhile, as it is at one moment. Made on a thread
 * of its own; nobody waits for it. The target must not exist; after a failure it does not.
 *
 * Never copy such a file by its bytes: two files make one database, and closing any other handle on it within this process drops
 * SQLite's locks (https://sqlite.org/howtocorrupt.html, 2.2).
 */
export async function copySqlite({ from, to, signal }: { from: string; to: string; signal?: AbortSignal }): Promise<void> {
	signal?.throwIfAborted();
	if (existsSync(to))
		throw new MillwrightError("runtime.copy-exists", "A file of that name exists already", {
			kind: "conflict",
			place: to,
			hint: "Choose another name, or move the file away.",
		});
	const worker = new Worker(new URL("./sqlite-copy-worker.ts", import.meta.url), { workerData: { from, to } });
	const stop = () => void worker.terminate();
	signal?.addEventListener("abort", stop, { once: true });
	const said = await new Promise<{ failed?: { message: string; errcode: number } }>((resolve) => {
		worker.once("message", resolve);
		worker.once("error", (error) => resolve({ failed: { message: error.message, errcode: 0 } }));
		worker.once("exit", () => resolve({ failed: { message: "given up", errcode: 0 } }));
	});
	signal?.removeEventListener("abort", stop);
	await worker.terminate();
	if (!said.failed && !signal?.aborted) return;
	for (const ending of ["", "-journal"]) rmSync(to + ending, { force: true });
	signal?.throwIfAborted();
	const { message, errcode } = said.failed as { message: string; errcode: number };
	const isFull = (errcode & 0xff) === 13;
	const isDamaged = (errcode & 0xff) === 11 || (errcode & 0xff) === 26;
	throw new MillwrightError(
		isFull ? "runtime.disk-full" : isDamaged ? "runtime.file-damaged" : "runtime.copy-failed",
		`${from} could not be copied: ${message}`,
		{
			kind: "outage",
			hint: isFull
				? "Free some space where the copy goes, or choose another disk."
				: isDamaged
					? "The file is damaged: look at health, and restore the newest backup."
					: "Check the disks: space, rights, the system's log.",
			place: isDamaged ? from : to,
		},
	);
}
