import { existsSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { type Clock, type Log, type Migration, MillwrightError, type RecordsLife } from "@millwright/core";
import {
	asPostgresqlError,
	createBackoff,
	createClock,
	createTurns,
	type Health,
	type PostgresqlTarget,
	postgresqlOptions,
	postgresqlPlace,
} from "@millwright/runtime";
import { Kysely } from "kysely";
import pg from "pg";
import { copyToFile, fillFromFile } from "./copy.ts";
import { createDialect } from "./dialect.ts";
import { migrate } from "./migrate.ts";
import { problemsOf } from "./problems.ts";
import { types } from "./types.ts";

export interface RecordsOptions {
	target: PostgresqlTarget;
	/** A schema of their own, made where it is missing. */
	schema?: string;
	log: Log;
	clock?: Clock;
	migrations: readonly Migration[];
	/** For the copies made before a migration. */
	snapshotFolder: string;
	/** Records of the embedded engine that an empty schema is filled with at start, once; the file is renamed then. */
	seedFile?: string;
	connections?: number;
	/** Longest a query waits for its turn, and for a connection, ms. */
	longestWaitMs?: number;
	statementMs?: number;
	/** How long a server that does not answer is waited for at start, ms. */
	startWithinMs?: number;
}

export interface PostgresqlRecords extends RecordsLife {
	/** Every step's tables; a step asks for its own with `tables`. */
	readonly db: Kysely<unknown>;
	/** The same database, seen as a step's tables. */
	tables<T>(): Kysely<T>;
	/** Instead of `start`, once: fills an empty schema from a backup of either engine. `start` migrates it further. */
	restoreFrom(file: string): Promise<{ rows: number }>;
	health(): Health;
}

/**
 * The records in a PostgreSQL database, through the same queries and migrations as in SQLite. A commit is on the server's
 * disk when its promise resolves. While the server is away every question fails as an outage; it comes back by itself.
 */
export function openRecords(options: RecordsOptions): PostgresqlRecords {
	const { target, migrations, schema = "millwright_records", clock = createClock(), longestWaitMs = 30_000 } = options;
	if (!/^[a-z_][a-z0-9_]{0,50}$/.test(schema))
		throw new MillwrightError("records.schema-name", `"${schema}" cannot be the name of a schema`, {
			kind: "input",
			hint: "Small letters, digits and _ only.",
		});
	const log = options.log.part("records");
	const place = postgresqlPlace(target);
	const about = { name: "millwright records", schema, statementMs: options.statementMs ?? 30_000 };
	const stamp = () => new Date(clock.nowMs()).toISOString().replace(/[:.]/g, "-");
	let trouble: MillwrightError | undefined;
	const heard = (thrown: unknown): MillwrightError => {
		const error = asPostgresqlError(thrown, "records", place);
		if (error.kind === "outage") trouble = error;
		return error;
	};
	const pool = new pg.Pool({
		...postgresqlOptions(target, { ...about, connectMs: Math.min(longestWaitMs, 10_000) }),
		types,
		max: options.connections ?? 6,
		idleTimeoutMillis: 60_000,
		// A line that says nothing at all, not even that the statement took too long.
		query_timeout: about.statementMs + 5000,
	});
	// An idle connection that dies is replaced when the next one is needed.
	pool.on("error", (error) => {
		const { message, code } = heard(error);
		log.warn("A connection to the records ended", { reason: message, code });
	});
	pool.on("connect", (client) => {
		trouble = undefined;
		// While somebody uses it the pool does not listen; the question under way hears of the end as well.
		client.on("error", heard);
	});
	const turns = createTurns({ longestWaitMs });
	const db = new Kysely<unknown>({ dialect: createDialect({ pool, turns, fail: heard }) });

	/** A connection of its own, for what may take long. */
	const apart = async <R>(work: (client: pg.Client) => Promise<R>): Promise<R> => {
		const client = new pg.Client({
			...postgresqlOptions(target, { ...about, statementMs: 0, idleTransactionMs: 300_000 }),
			types,
		});
		client.on("error", () => {});
		try {
			await client.connect();
			return await work(client);
		} catch (thrown) {
			throw heard(thrown);
		} finally {
			await client.end().catch(() => {});
		}
	};

	const checkServer = async (client: pg.Client): Promise<void> => {
		const { rows } = await client.query(
			"SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages",
		);
		const { version, encoding, fsync, pages } = rows[0] as { version: number; encoding: string; fsync: string; pages: string };
		if (version < 130_000)
			throw new MillwrightError("records.server-old", `The PostgreSQL server is too old (${version})`, {
				kind: "outage",
				place,
				hint: "Millwright needs PostgreSQL 13 or newer.",
			});
		if (encoding !== "UTF8")
			throw new MillwrightError("records.encoding", `The database's encoding is ${encoding}`, {
				kind: "outage",
				place,
				hint: "Create it with ENCODING 'UTF8' TEMPLATE template0.",
			});
		if (fsync !== "on" || pages !== "on")
			log.warn("The PostgreSQL server may lose what it promised when power fails: fsync or full_page_writes is off", { place });
	};

	const seedFrom = async (client: pg.Client, file: string): Promise<void> => {
		let rows: number;
		try {
			({ rows } = await fillFromFile(client, { schema, place, file, migrations }));
		} catch (thrown) {
			if (!(thrown instanceof MillwrightError) || thrown.code !== "records.not-empty") throw thrown;
			// Which of the two counts is for a person to say: a backup was restored, or the engine was changed to and fro.
			throw new MillwrightError("records.two", "The data folder holds records and the database does too", {
				kind: "conflict",
				place: file,
				hint: `To go on with those of the database, move ${basename(file)} away; to take those of the file, name an empty schema.`,
			});
		}
		const to = `${file}.moved-${stamp()}`;
		for (const ending of ["", "-wal", "-shm"]) if (existsSync(file + ending)) renameSync(file + ending, to + ending);
		log.info("The records moved from the data folder into PostgreSQL", { rows, former: to, place });
	};

	const startOnce = () =>
		apart(async (client) => {
			await checkServer(client);
			const snapshot = async () => {
				const file = join(options.snapshotFolder, `records.before-${stamp()}.sqlite`);
				await apart((other) => copyToFile(other, file, migrations));
				return file;
			};
			if (options.seedFile !== undefined && existsSync(options.seedFile)) await seedFrom(client, options.seedFile);
			await migrate({ client, schema, place, migrations, log, snapshot });
		});

	let closing: Promise<void> | undefined;
	return {
		db,
		tables: <T>() => db as unknown as Kysely<T>,

		async start() {
			const backoff = createBackoff({ first: 250, longest: 5000 });
			const until = clock.monotonicMs() + (options.startWithinMs ?? 60_000);
			for (;;)
				try {
					await startOnce();
					trouble = undefined;
					return;
				} catch (thrown) {
					const error = heard(thrown);
					if (error.code !== "records.not-reachable" || clock.monotonicMs() > until || closing) throw error;
					log.warn("The records cannot be reached; trying again", { place, reason: error.message });
					await clock.sleep(backoff.next());
				}
		},

		async restoreFrom(file) {
			return apart((client) => fillFromFile(client, { schema, place, file, migrations }));
		},

		backupTo: (file) => apart((client) => copyToFile(client, file, migrations)),

		check: () => apart(async (client) => ({ problems: await problemsOf(client, schema) })),

		close() {
			closing ??= (async () => {
				await turns.take().catch(() => {});
				await db.destroy();
				await pool.end();
			})();
			return closing;
		},

		health: () =>
			trouble
				? {
						state: "failing",
						reason: `The records cannot be reached: ${trouble.message}`,
						...(trouble.hint ? { hint: trouble.hint } : {}),
					}
				: { state: "good" },
	};
}
