import { setTimeout as sleep } from "node:timers/promises";
import { type Log, MillwrightError, type NumberRange } from "@millwright/core";
import { asPostgresqlError } from "@millwright/runtime";
import type pg from "pg";
import { type Dial, hangUp } from "./dial.ts";
import { layoutVersion, makeLayout } from "./layout.ts";
import type { Partition } from "./partitions.ts";

/** The one connection that writes, and what the tables held when it took over. */
export interface Store {
	client: pg.Client;
	/** Whoever took over last; an earlier one writes nothing more. */
	epoch: number;
	/** The next row's place in the order of arrival. */
	arrival: number;
	timescale: boolean;
	partitions: Partition[];
	progress: [connection: string, ranges: NumberRange[]][];
}

const lockSpace = 0x6d73;

/**
 * Connects, makes what is missing and takes over from whoever wrote before: after this no transaction of an earlier
 * connection can still commit, so what is read here is what counts, also when a connection died in the middle of a COMMIT.
 */
export async function openStore(
	dial: Dial,
	about: {
		timescale: "auto" | "off";
		log: Log;
		patienceMs: number;
		formerPid?: number | undefined;
		lost: (client: pg.Client, error: Error) => void;
	},
): Promise<Store> {
	let opened: pg.Client | undefined;
	const client = await dial.open({
		name: "series writer",
		statementMs: 120_000,
		lost: (error) => opened && about.lost(opened, error),
	});
	opened = client;
	try {
		await checkServer(client, about.log, dial.place);
		await takeLock(client, dial, about);
		const timescale = await makeLayout(client, { schema: dial.schema, timescale: about.timescale, log: about.log });
		// Waits for a transaction of an earlier writer that is still about to commit, and fences it off if it never began to.
		const { rows } = await client.query("UPDATE state SET epoch = epoch + 1 RETURNING version, epoch, arrival");
		const { version, epoch, arrival } = rows[0] as { version: number; epoch: string; arrival: string };
		if (version > layoutVersion)
			throw new MillwrightError("series.newer-than-program", "The history was written by a newer version", {
				kind: "conflict",
				place: dial.place,
				hint: "Start the newer version again.",
			});
		const partitions = await client.query("SELECT name, low, high FROM partition ORDER BY low");
		return {
			client,
			epoch: Number(epoch),
			arrival: Number(arrival),
			timescale,
			partitions: partitions.rows.map((row: { name: string; low: string; high: string }) => ({
				name: row.name,
				low: BigInt(row.low),
				high: BigInt(row.high),
			})),
			progress: await readProgress(client),
		};
	} catch (thrown) {
		await hangUp(client);
		throw asPostgresqlError(thrown, "series", dial.place);
	}
}

/** One writer a schema. One that was cut off is still there for its server until the line is known to be dead. */
async function takeLock(
	client: pg.Client,
	dial: Dial,
	about: { patienceMs: number; formerPid?: number | undefined },
): Promise<void> {
	const until = performance.now() + about.patienceMs;
	for (;;) {
		const { rows } = await client.query("SELECT pg_try_advisory_lock($1, hashtext($2)) AS taken", [lockSpace, dial.schema]);
		if ((rows[0] as { taken: boolean }).taken) return;
		// Ours, of which we know that nobody uses it any more.
		if (about.formerPid !== undefined)
			await client.query(
				"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = 'millwright series writer'",
				[about.formerPid],
			);
		if (performance.now() > until)
			throw new MillwrightError("series.in-use", "Another process writes this history", {
				kind: "conflict",
				place: dial.place,
				hint: "Stop the other Millwright process, or give this one its own database or schema (engines.series.schema).",
			});
		await sleep(100);
	}
}

async function checkServer(client: pg.Client, log: Log, place: string): Promise<void> {
	const { rows } = await client.query(
		"SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages",
	);
	const { version, encoding, fsync, pages } = rows[0] as { version: number; encoding: string; fsync: string; pages: string };
	if (version < 130_000)
		throw new MillwrightError("series.server-old", `The PostgreSQL server is too old (${version})`, {
			kind: "outage",
			place,
			hint: "Millwright needs PostgreSQL 13 or newer.",
		});
	if (encoding !== "UTF8")
		throw new MillwrightError("series.encoding", `The database's encoding is ${encoding}`, {
			kind: "outage",
			place,
			hint: "Create it with ENCODING 'UTF8' TEMPLATE template0.",
		});
	if (fsync !== "on" || pages !== "on")
		log.warn("The PostgreSQL server may lose what it promised when power fails: fsync or full_page_writes is off", { place });
}

async function readProgress(client: pg.Client): Promise<Store["progress"]> {
	const byConnection = new Map<string, NumberRange[]>();
	const { rows } = await client.query("SELECT connection, first, last FROM progress ORDER BY connection, first");
	for (const { connection, first, last } of rows as { connection: string; first: string; last: string }[]) {
		let ranges = byConnection.get(connection);
		if (!ranges) {
			ranges = [];
			byConnection.set(connection, ranges);
		}
		ranges.push({ first: Number(first), last: Number(last) });
	}
	return [...byConnection];
}
