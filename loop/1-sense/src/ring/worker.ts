import { parentPort, workerData } from "node:worker_threads";
import { isCorrupt, isFull, setAside } from "./database.ts";
import type { RingAnswer, RingRequest, RingWorkerData } from "./messages.ts";
import { openRingStore } from "./store.ts";

/** The ring's thread: fsync blocks here and nowhere else. Requests are served in order. */
const port = parentPort;
if (!port) throw new Error("the ring's worker runs in a worker thread");
const { file, nowMs, hardBytes } = workerData as RingWorkerData;
const answer = (message: RingAnswer): void => port.postMessage(message);

let store = openRingStore({ file, nowMs, hardBytes });
const opened = (quarantined: string | undefined): RingAnswer => ({
	type: "opened",
	lanes: store.lanes(),
	sinceMs: store.since(),
	longestOutageMs: store.longestOutage(),
	size: { ...store.size },
	isNew: store.isNew,
	...(quarantined === undefined ? {} : { quarantined }),
});
answer(opened(store.quarantined));

port.on("message", (request: RingRequest) => {
	try {
		serve(request);
	} catch (thrown) {
		fail(request, thrown);
	}
});

function serve(request: RingRequest): void {
	switch (request.type) {
		case "commit": {
			const begun = performance.now();
			const { expired } = store.commit(request);
			answer({ type: "committed", id: request.id, expired, size: { ...store.size }, ms: performance.now() - begun });
			store.checkpoint();
			return;
		}
		case "read":
			answer({
				type: "rows",
				id: request.id,
				...store.read(request.connection, request.from, request.through, request.maxBytes),
			});
			return;
		case "scan":
			answer({ type: "scanned", id: request.id, ...store.scan(request) });
			return;
		case "close":
			store.close();
			answer({ type: "closed", id: request.id });
			port?.close();
	}
}

function fail(request: RingRequest, thrown: unknown): void {
	const { id } = request;
	const message = thrown instanceof Error ? thrown.message : String(thrown);
	if (isCorrupt(thrown)) {
		try {
			store.close();
		} catch {
			// It is broken; its handle may be too.
		}
		const quarantined = setAside(file, Date.now());
		store = openRingStore({ file, nowMs: Date.now(), hardBytes });
		answer({ type: "failed", id, code: "corrupt", message, quarantined });
		return;
	}
	if (!isFull(thrown, file)) {
		answer({ type: "failed", id, code: "other", message });
		return;
	}
	try {
		// A log that is in the file can be written over, and needs no room of its own.
		store.checkpoint({ from: 0 });
		store.makeRoom(request.type === "commit" ? request.acknowledged : []);
	} catch {
		// Not even that; the next try may find room.
	}
	answer({ type: "failed", id, code: "full", message });
}
