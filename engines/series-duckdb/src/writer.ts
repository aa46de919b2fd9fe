import type { DuckDBAppender, DuckDBConnection } from "@duckdb/node-api";
import { SequenceSet } from "@millwright/core";
import { createRowAppender } from "./append-rows.ts";
import { replaceProgress } from "./progress.ts";
import { columnsOf, type Opened, type PackedRows, type Progress } from "./protocol.ts";
import type { HotHours } from "./tiers/hot-rows.ts";

/** Writes packs, rows and progress in one transaction each. */
export interface Writer {
	/** Resolves after COMMIT, which syncs the log to disk; rejects with nothing stored, and the writer is then spent. */
	flush(packs: readonly PackedRows[]): Promise<void>;
	close(): void;
}

export async function createWriter({
	connection,
	opened,
	hours,
	progressRows,
}: {
	connection: DuckDBConnection;
	opened: Opened;
	hours: HotHours;
	progressRows: number;
}): Promise<Writer> {
	const samples = await connection.createAppender("sample");
	const progress = await connection.createAppender("progress");
	const sets = new Map(opened.progress.map(([name, ranges]) => [name, new SequenceSet(ranges)]));
	let looseRows = 0;
	const append = createRowAppender(samples);

	return {
		async flush(packs) {
			await connection.run("BEGIN");
			for (const pack of packs) {
				append(pack);
				looseRows += appendProgress(progress, sets, pack.progress);
			}
			samples.flushSync();
			progress.flushSync();
			if (looseRows > progressRows) {
				await replaceProgress(connection, sets);
				looseRows = 0;
			}
			await connection.run("COMMIT");
			for (const pack of packs) hours.add(columnsOf(pack.buffer, pack.capacity).times, pack.rows);
		},
		close() {
			samples.closeSync();
			progress.closeSync();
		},
	};
}

/** Returns how many rows it took. */
function appendProgress(appender: DuckDBAppender, sets: Map<string, SequenceSet>, progress: Progress): number {
	let rows = 0;
	for (const [name, ranges] of progress) {
		let set = sets.get(name);
		if (!set) {
			set = new SequenceSet();
			sets.set(name, set);
		}
		for (const { first, last } of ranges) {
			set.add(first, last);
			appender.appendVarchar(name);
			appender.appendBigInt(BigInt(first));
			appender.appendBigInt(BigInt(last));
			appender.endRow();
			rows++;
		}
	}
	return rows;
}
