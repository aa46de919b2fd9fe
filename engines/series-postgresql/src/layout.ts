import type { Log } from "@millwright/core";
import type { ClientBase } from "pg";
import { boundOf, type Partition } from "./partitions.ts";

export const layoutVersion = 1;
/** Rows of one tag that lie together in one packed row. */
export const packedRows = 1000;

/**
 * `sample` holds rows as they come, a table a day; `packed` holds closed days and what was brought in, many rows of one tag in
 * one, sorted, compressed by the server; `progress` the numbers stored; `tally` how many rows lie where, so that nobody counts.
 */
const tables = (schema: string): string[] => [
	`CREATE SCHEMA IF NOT EXISTS ${schema}`,
	`CREATE TABLE IF NOT EXISTS state (
		single BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single), version INTEGER NOT NULL,
		epoch BIGINT NOT NULL, arrival BIGINT NOT NULL, timescale BOOLEAN NOT NULL)`,
	'CREATE TABLE IF NOT EXISTS progress (connection TEXT COLLATE "C", first BIGINT, last BIGINT NOT NULL, PRIMARY KEY (connection, first)) WITH (fillfactor = 50)',
	"CREATE TABLE IF NOT EXISTS partition (name TEXT PRIMARY KEY, low BIGINT NOT NULL, high BIGINT NOT NULL)",
	`CREATE TABLE IF NOT EXISTS tally (
		day BIGINT, tier TEXT COLLATE "C", rows BIGINT NOT NULL, oldest BIGINT NOT NULL, newest BIGINT NOT NULL,
		bytes BIGINT NOT NULL, PRIMARY KEY (day, tier)) WITH (fillfactor = 50)`,
	"CREATE TABLE IF NOT EXISTS piece (id TEXT PRIMARY KEY, rows BIGINT NOT NULL)",
	`CREATE TABLE IF NOT EXISTS packed (
		tag INTEGER NOT NULL, rows INTEGER NOT NULL, day BIGINT NOT NULL, first_time BIGINT NOT NULL, last_time BIGINT NOT NULL,
		base BIGINT NOT NULL, piece TEXT, step BIGINT NOT NULL, times BIGINT[], jitters INTEGER[],
		numbers DOUBLE PRECISION[] NOT NULL, qualities SMALLINT[], texts TEXT[])`,
	"CREATE INDEX IF NOT EXISTS packed_tag ON packed (tag, last_time)",
	"CREATE INDEX IF NOT EXISTS packed_day ON packed (day)",
	"CREATE INDEX IF NOT EXISTS packed_piece ON packed (piece) WHERE piece IS NOT NULL",
];

const sample =
	"(time BIGINT NOT NULL, arrival BIGINT NOT NULL, value DOUBLE PRECISION, tag INTEGER NOT NULL, quality SMALLINT NOT NULL, text TEXT)";

/** Makes what is missing; true where the samples lie in a hypertable of TimescaleDB. */
export async function makeLayout(
	client: ClientBase,
	about: { schema: string; timescale: "auto" | "off"; log: Log },
): Promise<boolean> {
	const { schema, log } = about;
	await client.query("BEGIN");
	try {
		for (const sql of tables(schema)) await client.query(sql);
		// Smaller and quicker than the old way where the server was built with it.
		for (const column of ["times", "jitters", "numbers", "qualities", "texts"])
			await optional(client, `ALTER TABLE packed ALTER ${column} SET COMPRESSION lz4`);
		const { rows } = await client.query("SELECT timescale FROM state");
		const known = rows[0] as { timescale: boolean } | undefined;
		let timescale = known?.timescale ?? false;
		if (!known) {
			timescale = about.timescale === "auto" && (await hasTimescale(client)) && (await makeHypertable(client, schema, log));
			if (!timescale) await client.query(`CREATE TABLE IF NOT EXISTS sample ${sample} PARTITION BY RANGE (time)`);
			await client.query("CREATE INDEX IF NOT EXISTS sample_tag ON sample (tag, time)");
			await client.query("INSERT INTO state (version, epoch, arrival, timescale) VALUES ($1, 0, 0, $2)", [
				layoutVersion,
				timescale,
			]);
		}
		await client.query("COMMIT");
		return timescale;
	} catch (thrown) {
		await client.query("ROLLBACK").catch(() => {});
		throw thrown;
	}
}

/** Within a transaction; false where the server refuses. */
async function optional(client: ClientBase, sql: string): Promise<boolean> {
	await client.query("SAVEPOINT optional");
	try {
		await client.query(sql);
		await client.query("RELEASE optional");
		return true;
	} catch {
		await client.query("ROLLBACK TO optional");
		return false;
	}
}

const hasTimescale = async (client: ClientBase): Promise<boolean> =>
	(await client.query("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")).rows.length > 0;

/** A hypertable with a chunk a day; a TimescaleDB that does not take it leaves us with plain tables. */
async function makeHypertable(client: ClientBase, schema: string, log: Log): Promise<boolean> {
	const made = await optional(
		client,
		`DO $$ BEGIN
			CREATE TABLE ${schema}.sample ${sample};
			PERFORM create_hypertable('${schema}.sample', 'time', chunk_time_interval => 86400000000000, create_default_indexes => FALSE);
		END $$`,
	);
	if (!made) log.warn("TimescaleDB is there but took no hypertable; plain tables are used");
	return made;
}

/** A table for a stretch of time, in a transaction of its own: nobody who reads or writes waits for it. */
export async function makePartition(client: ClientBase, partition: Partition): Promise<void> {
	await client.query("BEGIN");
	try {
		await createPartition(client, partition);
		await client.query("INSERT INTO partition (name, low, high) VALUES ($1, $2, $3)", [
			partition.name,
			partition.low,
			partition.high,
		]);
		await client.query("COMMIT");
	} catch (thrown) {
		await client.query("ROLLBACK").catch(() => {});
		throw thrown;
	}
}

/** Attaching takes a weaker lock than creating in place does. */
export async function createPartition(client: ClientBase, { name, low, high }: Partition): Promise<void> {
	await client.query(`CREATE TABLE ${name} (LIKE sample INCLUDING DEFAULTS)`);
	await client.query(`ALTER TABLE sample ATTACH PARTITION ${name} FOR VALUES FROM (${boundOf(low)}) TO (${boundOf(high)})`);
}

/** Gives an empty table's disk back where nobody is in the way just now; true when it is gone. */
export async function dropIfEmpty(client: ClientBase, { name }: Partition): Promise<boolean> {
	await client.query("BEGIN");
	try {
		await client.query("SET LOCAL lock_timeout = 300");
		await client.query(`LOCK TABLE sample, ${name} IN ACCESS EXCLUSIVE MODE`);
		const { rows } = await client.query(`SELECT EXISTS (SELECT FROM ${name}) AS filled`);
		if ((rows[0] as { filled: boolean }).filled) {
			await client.query("ROLLBACK");
			return false;
		}
		await client.query(`DROP TABLE ${name}`);
		await client.query("DELETE FROM partition WHERE name = $1", [name]);
		await client.query("COMMIT");
		return true;
	} catch (thrown) {
		await client.query("ROLLBACK");
		if ((thrown as { code?: string }).code === "55P03") return false;
		throw thrown;
	}
}
