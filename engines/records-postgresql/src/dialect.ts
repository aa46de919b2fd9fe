import { MillwrightError } from "@millwright/core";
import { postgresqlFailure, type Turns } from "@millwright/runtime";
import {
	type CompiledQuery,
	type DatabaseConnection,
	type Dialect,
	type Driver,
	PostgresAdapter,
	PostgresIntrospector,
	PostgresQueryCompiler,
	type QueryResult,
} from "kysely";
import type { Pool, PoolClient } from "pg";
import { inputValue } from "./types.ts";

interface Means {
	pool: Pool;
	turns: Turns;
	/** What the client threw, as an error of ours; the records' health hears of it. */
	fail(thrown: unknown): MillwrightError;
}

/**
 * Kysely on a bounded pool. Whoever writes takes turns, a transaction for as long as it lasts, so that what a step reads
 * inside one stays true until it commits, as on SQLite; reading goes beside it. A client is held only while it is used.
 */
export const createDialect = (means: Means): Dialect => ({
	createDriver: () => createDriver(means),
	createQueryCompiler: () => new PostgresQueryCompiler(),
	createAdapter: () => new PostgresAdapter(),
	createIntrospector: (db) => new PostgresIntrospector(db),
});

const reads = ({ sql, query }: CompiledQuery): boolean =>
	query.kind === "SelectQueryNode" || (query.kind === "RawNode" && /^\s*select\b/i.test(sql));

class Connection implements DatabaseConnection {
	readonly #pool: Pool;
	readonly #turns: Turns;
	readonly #fail: Means["fail"];
	/** While a transaction lasts. */
	#client: PoolClient | undefined;
	#isBroken = false;
	#cursors = 0;

	constructor({ pool, turns, fail }: Means) {
		this.#pool = pool;
		this.#turns = turns;
		this.#fail = fail;
	}

	async #connect(): Promise<PoolClient> {
		try {
			return await this.#pool.connect();
		} catch (thrown) {
			throw this.#fail(thrown);
		}
	}

	async #ask(client: PoolClient, sql: string, values?: unknown[]) {
		try {
			return await client.query(sql, values);
		} catch (thrown) {
			this.#isBroken ||= postgresqlFailure(thrown).isConnectionLost;
			throw this.#fail(thrown);
		}
	}

	#release(client: PoolClient): void {
		client.release(this.#isBroken);
		this.#isBroken = false;
	}

	async #using<R>(work: (client: PoolClient) => Promise<R>): Promise<R> {
		if (this.#client) return work(this.#client);
		const client = await this.#connect();
		try {
			return await work(client);
		} finally {
			this.#release(client);
		}
	}

	async #inTurn<R>(work: () => Promise<R>): Promise<R> {
		await this.#turns.take();
		try {
			return await work();
		} finally {
			this.#turns.pass();
		}
	}

	async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
		const run = () =>
			this.#using(async (client) => {
				const { rows, rowCount, command } = await this.#ask(client, compiled.sql, compiled.parameters.map(inputValue));
				return {
					rows: rows as R[],
					...(command === "SELECT" || rowCount === null ? {} : { numAffectedRows: BigInt(rowCount) }),
				};
			});
		return this.#client || reads(compiled) ? run() : this.#inTurn(run);
	}

	async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
		const own = this.#client === undefined;
		const client = this.#client ?? (await this.#connect());
		const cursor = `rows_${++this.#cursors}`;
		try {
			// A cursor lives in a transaction; a stream of its own brings one.
			if (own) await this.#ask(client, "BEGIN READ ONLY");
			await this.#ask(client, `DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`, parameters.map(inputValue));
			for (;;) {
				const { rows } = await this.#ask(client, `FETCH ${Math.max(1, Math.trunc(chunkSize))} FROM ${cursor}`);
				if (rows.length === 0) break;
				yield { rows: rows as R[] };
			}
		} finally {
			if (!this.#isBroken) await this.#ask(client, own ? "ROLLBACK" : `CLOSE ${cursor}`).catch(() => {});
			if (own) this.#release(client);
		}
	}

	async begin(): Promise<void> {
		await this.#turns.take();
		try {
			const client = await this.#connect();
			try {
				await this.#ask(client, "BEGIN");
			} catch (thrown) {
				this.#release(client);
				throw thrown;
			}
			this.#client = client;
		} catch (thrown) {
			this.#turns.pass();
			throw thrown;
		}
	}

	async end(sql: "COMMIT" | "ROLLBACK"): Promise<void> {
		const client = this.#client;
		if (!client) return;
		try {
			if (sql === "COMMIT") {
				const { command } = await this.#ask(client, sql);
				// A failed statement somebody caught has doomed the transaction; PostgreSQL says so only by this word.
				if (command === "ROLLBACK")
					throw new MillwrightError("records.transaction-failed", "The transaction had failed before and was rolled back", {
						hint: "An error inside it was caught: let it end the transaction, or use a savepoint.",
					});
			} else if (!this.#isBroken) await this.#ask(client, sql).catch(() => {});
			this.#close();
		} catch (thrown) {
			// Kysely rolls back next, and a client of unknown state goes to nobody else.
			if (sql === "COMMIT") {
				this.#isBroken = true;
				this.#close();
			}
			throw thrown;
		}
	}

	#close(): void {
		const client = this.#client;
		this.#client = undefined;
		if (client) this.#release(client);
		this.#turns.pass();
	}

	async within(sql: string): Promise<void> {
		if (this.#client) await this.#ask(this.#client, sql);
	}
}

function createDriver(means: Means): Driver {
	const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
	const ours = (connection: DatabaseConnection) => connection as Connection;
	return {
		async init() {},
		acquireConnection: async () => new Connection(means),
		async releaseConnection(connection) {
			// A transaction nobody ended ends with its connection.
			await ours(connection).end("ROLLBACK");
		},
		beginTransaction: (connection) => ours(connection).begin(),
		commitTransaction: (connection) => ours(connection).end("COMMIT"),
		rollbackTransaction: (connection) => ours(connection).end("ROLLBACK"),
		savepoint: (connection, name) => ours(connection).within(`SAVEPOINT ${quoted(name)}`),
		rollbackToSavepoint: (connection, name) => ours(connection).within(`ROLLBACK TO ${quoted(name)}`),
		releaseSavepoint: (connection, name) => ours(connection).within(`RELEASE ${quoted(name)}`),
		async destroy() {},
	};
}
