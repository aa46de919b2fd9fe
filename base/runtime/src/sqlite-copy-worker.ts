import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

const { from, to } = workerData as { from: string; to: string };
try {
	const db = new DatabaseSync(from, { timeout: 30_000 });
	try {
		db.prepare("VACUUM INTO ?").run(to);
	} finally {
		db.close();
	}
	parentPort?.postMessage({});
} catch (thrown) {
	const { message, errcode = 0 } = thrown as { message: string; errcode?: number };
	parentPort?.postMessage({ failed: { message, errcode } });
}
