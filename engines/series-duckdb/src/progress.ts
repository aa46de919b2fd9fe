import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type NumberRange, SequenceSet } from "@millwright/core";

/** Which numbers of each connection are stored. */
export async function readProgress(connection: DuckDBConnection): Promise<Map<string, SequenceSet>> {
	const sets = new Map<string, SequenceSet>();
	const result = await connection.stream('SELECT connection, "first", "last" FROM progress ORDER BY connection, "first"');
	for await (const chunk of result) {
		const [names, firsts, lasts] = chunk.getColumns() as [string[], bigint[], bigint[]];
		for (let i = 0; i < names.length; i++) {
			const name = names[i] as string;
			let set = sets.get(name);
			if (!set) {
				set = new SequenceSet();
				sets.set(name, set);
			}
			set.add(Number(firsts[i]), Number(lasts[i]));
		}
	}
	return sets;
}

/** Writes merged ranges in place of many small ones; one transaction, no DDL. */
export async function compactProgress(connection: DuckDBConnection, sets: ReadonlyMap<string, SequenceSet>): Promise<void> {
	const reader = await connection.runAndReadAll("SELECT count(*) FROM progress");
	const rows = Number(reader.value(0, 0));
	const ranges = [...sets.values()].reduce((sum, set) => sum + set.ranges().length, 0);
	if (rows === ranges) return;
	await connection.run("BEGIN");
	try {
		await replaceProgress(connection, sets);
		await connection.run("COMMIT");
	} catch (thrown) {
		await connection.run("ROLLBACK").catch(() => {});
		throw thrown;
	}
}

/** Inside a transaction: the table holds these ranges and nothing else. */
export async function replaceProgress(connection: DuckDBConnection, sets: ReadonlyMap<string, SequenceSet>): Promise<void> {
	await connection.run("DELETE FROM progress");
	const appender = await connection.createAppender("progress");
	for (const [name, set] of sets) {
		for (const { first, last } of set.ranges()) {
			appender.appendVarchar(name);
			appender.appendBigInt(BigInt(first));
			appender.appendBigInt(BigInt(last));
			appender.endRow();
		}
	}
	appender.closeSync();
}

const besideFiles = (folder: string) => join(folder, "progress.json");

/**
 * The numbers whose rows lie in files, kept beside them: should the database be lost, what comes again is still known.
 * Too few are harmless, too many would lose samples; so it is written after the files are.
 */
export function keepProgress(folder: string, sets: ReadonlyMap<string, SequenceSet>): void {
	mkdirSync(folder, { recursive: true });
	const partial = `${besideFiles(folder)}.new`;
	const file = openSync(partial, "w");
	try {
		writeFileSync(file, JSON.stringify([...sets].map(([name, set]) => [name, set.ranges()])));
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
	renameSync(partial, besideFiles(folder));
}

export async function adoptProgress(connection: DuckDBConnection, folder: string): Promise<void> {
	if (!existsSync(besideFiles(folder))) return;
	let kept: [string, NumberRange[]][];
	try {
		kept = JSON.parse(readFileSync(besideFiles(folder), "utf8")) as typeof kept;
	} catch {
		return;
	}
	await connection.run("BEGIN");
	await replaceProgress(connection, new Map(kept.map(([name, ranges]) => [name, new SequenceSet(ranges)])));
	await connection.run("COMMIT");
}
