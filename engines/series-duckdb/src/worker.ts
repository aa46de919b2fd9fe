import { statSync } from "node:fs";
import { type MessagePort, parentPort } from "node:worker_threads";
import { asMillwrightError, MillwrightError } from "@millwright/core";
import type { FromWorker, Opened, PackedRows, Query, StoreOptions, ToWorker } from "./protocol.ts";
import { answerOf, type Open } from "./questions.ts";
import { createReaders } from "./readers.ts";
import { openStore } from "./store.ts";
import { createBrought } from "./tiers/brought.ts";
import { createGate } from "./tiers/gate.ts";
import { createMover } from "./tiers/mover.ts";
import { createRolling } from "./tiers/rolling.ts";
import { createSettingAside } from "./tiers/setting-aside.ts";
import { createWriter } from "./writer.ts";

/** Everything that touches DuckDB and the files, on a thread of its own. Flushes come one at a time; the rest beside them. */
const port = parentPort as MessagePort;
const say = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

let options: StoreOptions | undefined;
let open: Open | undefined;
/** A commit beside the flushes ended in doubt: what is true is read from the file before the next flush. */
let mustReopen = false;
/** Questions and orders under way, and how to take them back. */
const stops = new Map<number, { stopped: boolean }>();

async function openAll(quarantine: boolean): Promise<Opened> {
	const { file, progressRows, rollRows } = options as StoreOptions;
	const database = await openStore(options as StoreOptions, { quarantine });
	const { instance, segments, hours } = database;
	const gate = createGate();
	const writer = await createWriter({ connection: database.writer, opened: database.opened, hours, progressRows });
	const mover = createMover({
		connection: await instance.connect(),
		segments,
		hours,
		gate,
		doubtful() {
			mustReopen = true;
		},
	});
	const settingAside = createSettingAside({ mover, segments, tell: say });
	open = {
		database,
		writer,
		mover,
		store: { segments, hours, gate, damaged: settingAside.damaged },
		brought: createBrought({ instance, segments, mover }),
		rolling: createRolling({ mover, hours, rollRows, tell: say }),
		readers: createReaders({ instance, connections: 2, line: 100 }),
		exporters: createReaders({ instance, connections: 1, line: 10 }),
		hotBytes: () => sizeOf(file) + sizeOf(`${file}.wal`),
	};
	return database.opened;
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

async function closeAll(): Promise<void> {
	const was = open;
	open = undefined;
	if (!was) return;
	for (const stop of stops.values()) stop.stopped = true;
	await Promise.all([was.readers.close(), was.exporters.close(), was.mover.close()]);
	was.brought.close();
	try {
		was.writer.close();
	} catch {
		// An appender whose transaction failed refuses to close; the database is closed next.
	}
	was.database.close();
}

async function flush(id: number, packs: PackedRows[]): Promise<void> {
	const buffers = packs.map((pack) => pack.buffer);
	try {
		if (mustReopen) await closeAll();
		mustReopen = false;
		if (!open) await openAll(false);
		const { writer, rolling } = open as unknown as Open;
		await writer.flush(packs);
		say({ kind: "flushed", id, buffers }, buffers);
		rolling.flushed(packs.reduce((sum, { rows }) => sum + rows, 0));
	} catch (thrown) {
		// What became of the transaction is read from the file itself, opened afresh.
		let opened: Opened | undefined;
		try {
			await closeAll();
			opened = await openAll(false);
		} catch {
			open = undefined;
		}
		const error =
			thrown instanceof MillwrightError
				? thrown
				: new MillwrightError("series.write-failed", `The history could not be written: ${(thrown as Error).message}`, {
						kind: "outage",
						hint: "Look at the disk: space, rights, file system.",
					});
		say({ kind: "flush-failed", id, buffers, error: error.toJSON(), opened }, buffers);
	}
}

async function answer(id: number, query: Query): Promise<void> {
	const stop = { stopped: false };
	stops.set(id, stop);
	try {
		if (!open) throw new MillwrightError("series.closed", "The history is not open", { kind: "outage" });
		const { value, buffers } = await answerOf(open, id, query, stop);
		say({ kind: "answer", id, value }, buffers);
	} catch (thrown) {
		const said = thrown instanceof Error ? thrown.message : String(thrown);
		const error = /Out of Memory/i.test(said)
			? new MillwrightError("series.too-much", "The question needs more memory than the history may use", {
					kind: "busy",
					hint: "Ask for a shorter range or fewer tags at once, or give the history more memory (history.memoryMb).",
				})
			: /No space left/i.test(said)
				? new MillwrightError("series.disk-full", "The disk is full: nothing was changed", {
						kind: "outage",
						hint: "Make room on the disk, then try again.",
					})
				: asMillwrightError(thrown, "series.query-failed");
		say({ kind: "failed", id, error: error.toJSON() });
	} finally {
		stops.delete(id);
	}
}

const openFailed = (thrown: unknown): MillwrightError =>
	thrown instanceof MillwrightError
		? thrown
		: new MillwrightError("series.open-failed", `The history cannot be opened: ${asMillwrightError(thrown).message}`, {
				kind: "outage",
				hint: "Look at the disk: space, rights, file system.",
			});

port.on("message", (message: ToWorker) => {
	switch (message.kind) {
		case "open":
			options = message.options;
			openAll(true).then(
				(opened) => say({ kind: "opened", opened }),
				(thrown) => say({ kind: "open-failed", error: openFailed(thrown).toJSON() }),
			);
			break;
		case "flush":
			void flush(message.id, message.packs);
			break;
		case "query":
			void answer(message.id, message.query);
			break;
		case "cancel": {
			const stop = stops.get(message.id);
			if (stop) stop.stopped = true;
			open?.readers.cancel(message.id);
			open?.exporters.cancel(message.id);
			break;
		}
		case "close":
			void closeAll().finally(() => port.close());
			break;
	}
});
