import { type MessagePort, parentPort } from "node:worker_threads";
import { asMillwrightError, MillwrightError } from "@millwright/core";
import type { FromWorker, Opened, PackedRows, Query, RowsAnswer, StoreOptions, ToWorker } from "./protocol.ts";
import { askAggregate } from "./queries/aggregate.ts";
import { askBefore } from "./queries/before.ts";
import { askDownsample } from "./queries/downsample.ts";
import { askExport } from "./queries/export.ts";
import { askRaw } from "./queries/raw.ts";
import { createReaders, type Readers } from "./readers.ts";
import { openStore, type Store } from "./store.ts";
import { createWriter, type Writer } from "./writer.ts";

/** Everything that touches DuckDB, on a thread of its own. Flushes come one at a time; questions beside them. */
const port = parentPort as MessagePort;
const say = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

interface Open {
	store: Store;
	writer: Writer;
	readers: Readers;
	exporters: Readers;
}
let options: StoreOptions | undefined;
let open: Open | undefined;

async function openAll(quarantine: boolean): Promise<Opened> {
	const store = await openStore(options as StoreOptions, { quarantine });
	const writer = await createWriter(store.writer, store.opened, (options as StoreOptions).progressRows);
	open = {
		store,
		writer,
		readers: createReaders({ instance: store.instance, connections: 2, line: 100 }),
		exporters: createReaders({ instance: store.instance, connections: 1, line: 10 }),
	};
	return store.opened;
}

async function closeAll(): Promise<void> {
	const was = open;
	open = undefined;
	if (!was) return;
	await Promise.all([was.readers.close(), was.exporters.close()]);
	try {
		was.writer.close();
	} catch {
		// An appender whose transaction failed refuses to close; the database is closed next.
	}
	was.store.close();
}

async function flush(id: number, packs: PackedRows[]): Promise<void> {
	const buffers = packs.map((pack) => pack.buffer);
	try {
		if (!open) await openAll(false);
		const { writer } = open as unknown as Open;
		await writer.flush(packs);
		say({ kind: "flushed", id, buffers, rows: writer.rows, oldest: writer.oldest, newest: writer.newest }, buffers);
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
	try {
		if (!open) throw new MillwrightError("series.closed", "The history is not open", { kind: "outage" });
		const { readers, exporters } = open;
		switch (query.kind) {
			case "raw": {
				const rows = await readers.ask(id, (connection) => askRaw(connection, query));
				say({ kind: "answer", id, value: rows }, buffersOf([rows]));
				break;
			}
			case "downsample": {
				const rows = await readers.ask(id, (connection) => askDownsample(connection, query));
				say({ kind: "answer", id, value: rows }, buffersOf(rows));
				break;
			}
			case "aggregate": {
				const buckets = await readers.ask(id, (connection) => askAggregate(connection, query));
				const buffers = buckets.flatMap(({ starts, columns }) => [starts, ...Object.values(columns)].map(bufferOf));
				say({ kind: "answer", id, value: buckets }, buffers);
				break;
			}
			case "before":
				say({ kind: "answer", id, value: await readers.ask(id, (connection) => askBefore(connection, query)) });
				break;
			case "export":
				say({ kind: "answer", id, value: await exporters.ask(id, (connection) => askExport(connection, query)) });
				break;
		}
	} catch (thrown) {
		const said = thrown instanceof Error ? thrown.message : String(thrown);
		const error = /Out of Memory/i.test(said)
			? new MillwrightError("series.too-much", "The question needs more memory than the history may use", {
					kind: "busy",
					hint: "Ask for a shorter range or fewer tags at once, or give the history more memory (history.memoryMb).",
				})
			: asMillwrightError(thrown, "series.query-failed");
		say({ kind: "failed", id, error: error.toJSON() });
	}
}

const openFailed = (thrown: unknown): MillwrightError =>
	thrown instanceof MillwrightError
		? thrown
		: new MillwrightError("series.open-failed", `The history cannot be opened: ${asMillwrightError(thrown).message}`, {
				kind: "outage",
				hint: "Look at the disk: space, rights, file system.",
			});

const bufferOf = (column: { buffer: ArrayBufferLike }) => column.buffer as ArrayBuffer;
const buffersOf = (answers: readonly RowsAnswer[]) =>
	answers.flatMap(({ times, values, quality }) => [times, values, quality].map(bufferOf));

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
		case "cancel":
			open?.readers.cancel(message.id);
			open?.exporters.cancel(message.id);
			break;
		case "close":
			void closeAll().finally(() => port.close());
			break;
	}
});
