import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Turns } from "@millwright/runtime";
import {
	type CompiledQuery,
	type DatabaseConnection,
	type Dialect,
	type Driver,
	type QueryResult,
	SqliteAdapter,
	SqliteIntrospector,
	SqliteQueryCompiler,
} from "kysely";
import { asRecordsError } from "./failure.ts";

const mostStatements = 256;

/** Kysely on one node:sqlite connection: whoever has the turn has the connection, for a query or a whole transaction. */
export const createDialect = ({ sqlite, turns }: { sqlite: DatabaseSync; turns: Turns }): Dialect => ({
	createDriver: () => createDriver(sqlite, turns),
	createQueryCompiler: () => new SqliteQueryCompiler(),
	createAdapter: () => new TurnTakingAdapter(),
	createIntrospector: (db) => new SqliteIntrospector(db),
});

/** Kysely's own lock has no end to waiting; ours has. */
class TurnTakingAdapter extends SqliteAdapter {
	override get supportsMultipleConnections() {
		return true;
	}
}

function createDriver(sqlite: DatabaseSync, turns: Turns): Driver {
	const connection = createConnection(sqlite);
	const run = (sql: string) => {
		try {
			sqlite.exec(sql);
		} catch (thrown) {
			throw asRecordsError(thrown);
		}
	};
	const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
	return {
		async init() {},
		async acquireConnection() {
			await turns.take();
			return connection;
		},
		async releaseConnection() {
			turns.pass();
		},
		// Immediate: a transaction that means to write learns at its beginning that somebody else does.
		beginTransaction: async () => run("BEGIN IMMEDIATE"),
		commitTransaction: async () => run("COMMIT"),
		async rollbackTransaction() {
			// Some failures (disk full) have rolled back already.
			if (sqlite.isTransaction) run("ROLLBACK");
		},
		savepoint: async (_, name) => run(`SAVEPOINT ${quoted(name)}`),
		rollbackToSavepoint: async (_, name) => run(`ROLLBACK TO ${quoted(name)}`),
		releaseSavepoint: async (_, name) => run(`RELEASE ${quoted(name)}`),
		async destroy() {},
	};
}

function createConnection(sqlite: DatabaseSync): DatabaseConnection {
	const prepared = new Map<string, StatementSync>();
	const prepare = (sql: string): StatementSync => {
		let statement = prepared.get(sql);
		if (statement) prepared.delete(sql);
		else statement = sqlite.prepare(sql);
		prepared.set(sql, statement);
		if (prepared.size > mostStatements) prepared.delete(prepared.keys().next().value as string);
		return statement;
	};
	return {
		async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
			try {
				const statement = prepare(sql);
				const values = parameters.map(inputValue);
				if (statement.columns().length > 0) {
					const rows = statement.all(...values) as R[];
					return { rows, numAffectedRows: BigInt(rows.length) };
				}
				const { changes, lastInsertRowid } = statement.run(...values);
				return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
			} catch (thrown) {
				throw asRecordsError(thrown);
			}
		},
		async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
			// A statement of its own: a cached one could be run again while this one is still being read.
			const rows = sqlite.prepare(sql).iterate(...parameters.map(inputValue));
			let chunk: R[] = [];
			for (const row of rows) {
				chunk.push(row as R);
				if (chunk.length >= chunkSize) {
					yield { rows: chunk };
					chunk = [];
				}
			}
			if (chunk.length > 0) yield { rows: chunk };
		},
	};
}

/** Booleans are 0 and 1 and undefined is NULL, as in every engine's migrations; what SQLite cannot hold is refused by it. */
function inputValue(value: unknown): SQLInputValue {
	if (value === undefined) return null;
	if (typeof value === "boolean") return value ? 1 : 0;
	return value as SQLInputValue;
}
