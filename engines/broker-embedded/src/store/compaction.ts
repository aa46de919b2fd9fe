import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { loadJournal, writeSnapshot } from "./journal-folder.ts";

interface Task {
	compact: string;
	through: number;
}

/**
 * Makes one snapshot of the files up to `through`, in a thread of its own: the logs it reads are finished, so nobody has to
 * wait for it. Rejects where the disk refuses; the logs stay.
 */
export function compact(folder: string, through: number): Promise<void> {
	return new Promise((resolve, reject) => {
		const task: Task = { compact: folder, through };
		const worker = new Worker(new URL("./compaction.ts", import.meta.url), {
			workerData: task,
			name: "millwright-broker-compaction",
		});
		let failure: Error | undefined;
		worker.on("error", (error) => {
			failure = error instanceof Error ? error : new Error(String(error));
		});
		worker.on("exit", (code) => {
			if (failure !== undefined) reject(failure);
			else if (code === 0) resolve();
			else reject(new Error(`the compaction ended with ${code}`));
		});
	});
}

if (!isMainThread && parentPort !== null && typeof (workerData as Partial<Task> | null)?.compact === "string") {
	const { compact: folder, through } = workerData as Task;
	writeSnapshot(folder, loadJournal(folder, through).state, through);
}
