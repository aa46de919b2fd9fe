import { DatabaseSync } from "node:sqlite";
import type { Log, Migration, RecordsLife } from "@millwright/core";
import { createTurns } from "@millwright/runtime";
import { Kysely } from "kysely";
import { copyTo } from "./copy.ts";
import { createDialect } from "./dialect.ts";
import { asRecordsError } from "./failure.ts";
import { migrate } from "./migrate.ts";

export interface Records extends RecordsLife {
	/** Every step's tables; a step asks for its own with `tables`. */
	readonly db: Kysely<unknown>;
	/** The same database, seen as a step's tables. */
	tables<T>(): Kysely<T>;
}

/**
 * The records of a data folder, migrated and ready. A commit is on the disk when its promise resolves (WAL,
 * synchronous=FULL). One connection: queries and transactions take turns.
 */
export function openRecords(about: {
	/** Or ":memory:", for tests. */
	file: string;
	log: Log;
	migrations: readonly Migration[];
	/** Longest a query waits for its turn, ms. */
	longestWaitMs?: number;
	/** Whether a copy is laid beside an existing file before it is migrated; usual. */
	snapshot?: boolean;
}): Records {
	const { file, migrations, snapshot = true } = about;
	const log = about.log.part("records");
	const sqlite = open(file);
	try {
		migrate({ sqlite, file, migrations, log, snapshot });
	} catch (thrown) {
		sqlite.close();
		throw asRecordsError(thrown, file);
	}
	const turns = createTurns({ longestWaitMs: about.longestWaitMs });
	const db = new Kysely<unknown>({ dialect: createDialect({ sqlite, turns }) });
	const alone = async <R>(work: () => R): Promise<R> => {
		await turns.take();
		try {
			return work();
		} catch (thrown) {
			throw asRecordsError(thrown, file);
		} finally {
			turns.pass();
		}
	};
	let closing: Promise<void> | undefined;
	return {
		db,
		tables: <T>() => db as unknown as Kysely<T>,
		// A file is migrated as soon as it is open.
		start: async () => {},
		backupTo: (target) => alone(() => copyTo(sqlite, target)),
		check: () => alone(() => ({ problems: problemsOf(sqlite) })),
		close() {
			closing ??= (async () => {
				await turns.take();
				await db.destroy();
				sqlite.close();
			})();
			return closing;
		},
	};
}

function open(file: string): DatabaseSync {
	try {
		const sqlite = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
		try {
			sqlite.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000");
		} catch (thrown) {
			sqlite.close();
			throw thrown;
		}
		return sqlite;
	} catch (thrown) {
		throw asRecordsError(thrown, file);
	}
}

function problemsOf(sqlite: DatabaseSync): string[] {
	const pages = sqlite
		.prepare("PRAGMA integrity_check")
		.all()
		.map((row) => String(row.integrity_check))
		.filter((line) => line !== "ok");
	const references = sqlite
		.prepare("PRAGMA foreign_key_check")
		.all()
		.map((row) => `${String(row.table)} row ${String(row.rowid)} refers to a missing row of ${String(row.parent)}`);
	return [...pages, ...references];
}
