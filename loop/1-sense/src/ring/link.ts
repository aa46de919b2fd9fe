import { Worker } from "node:worker_threads";
import type { RingAnswer, RingRequest, RingWorkerData } from "./messages.ts";

type Opened = Extract<RingAnswer, { type: "opened" }>;
type Unnumbered<R> = R extends RingRequest ? Omit<R, "id"> : never;

export interface RingLink {
	opened: Opened;
	/** Rejects when the worker dies first. */
	ask(request: Unnumbered<RingRequest>, transfer?: ArrayBuffer[]): Promise<RingAnswer>;
	/** Settles when the worker is gone, with why it went. */
	gone: Promise<Error>;
	terminate(): Promise<void>;
}

/** Starts the ring's worker and talks to it by numbered questions. Rejects when the file cannot be opened. */
export function openRingLink(data: RingWorkerData): Promise<RingLink> {
	return new Promise((resolve, reject) => {
		const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: data, name: "millwright-ring" });
		const waiting = new Map<number, { resolve(answer: RingAnswer): void; reject(error: Error): void }>();
		let ids = 0;
		let leave: (error: Error) => void = () => {};
		const gone = new Promise<Error>((settle) => {
			leave = settle;
		});
		const end = (error: Error) => {
			reject(error);
			for (const { reject: refuse } of waiting.values()) refuse(error);
			waiting.clear();
			leave(error);
		};
		worker.on("error", (error) => end(error instanceof Error ? error : new Error(String(error))));
		worker.on("exit", (code) => end(new Error(`the ring's thread ended with ${code}`)));
		worker.on("message", (answer: RingAnswer) => {
			if (answer.type === "opened") {
				resolve({
					opened: answer,
					gone,
					ask: (request, transfer = []) =>
						new Promise((settle, refuse) => {
							const id = ++ids;
							waiting.set(id, { resolve: settle, reject: refuse });
							worker.postMessage({ ...request, id }, transfer);
						}),
					terminate: async () => void (await worker.terminate()),
				});
				return;
			}
			const asked = waiting.get(answer.id);
			waiting.delete(answer.id);
			asked?.resolve(answer);
		});
	});
}
