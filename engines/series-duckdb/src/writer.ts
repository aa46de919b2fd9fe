import {
	BIGINT,
	DOUBLE,
	type DuckDBAppender,
	type DuckDBConnection,
	type DuckDBDataChunk,
	UINTEGER,
	UTINYINT,
	VARCHAR,
} from "@duckdb/node-api";
import { type Nanos, SequenceSet } from "@millwright/core";
import { columnsOf, type Opened, type PackedRows, type Progress } from "./protocol.ts";
import { replaceProgress } from "./store.ts";
import { emptyChunk, fillVector, rowsPerChunk } from "./vectors.ts";

const sampleTypes = [UINTEGER, BIGINT, DOUBLE, UTINYINT, VARCHAR];

/** Writes packs, rows and progress in one transaction each. */
export interface Writer {
	/** Resolves after COMMIT, which syncs the log to disk; rejects with nothing stored, and the writer is then spent. */
	flush(packs: readonly PackedRows[]): Promise<void>;
	readonly rows: number;
	readonly oldest: Nanos | undefined;
	readonly newest: Nanos | undefined;
	close(): void;
}

export async function createWriter(connection: DuckDBConnection, opened: Opened, progressRows: number): Promise<Writer> {
	const samples = await connection.createAppender("sample");
	const progress = await connection.createAppender("progress");
	const sets = new Map(opened.progress.map(([name, ranges]) => [name, new SequenceSet(ranges)]));
	let { rows, oldest, newest } = opened;
	let looseRows = 0;
	// Reused for rows without text and without missing values: the text column is set to NULL once and stays so.
	const plain = emptyChunk(sampleTypes, rowsPerChunk);
	plain.setColumnValues(4, new Array<null>(rowsPerChunk).fill(null));

	return {
		get rows() {
			return rows;
		},
		get oldest() {
			return oldest;
		},
		get newest() {
			return newest;
		},
		async flush(packs) {
			await connection.run("BEGIN");
			let added = 0;
			for (const pack of packs) {
				appendRows(samples, plain, pack);
				added += pack.rows;
				looseRows += appendProgress(progress, sets, pack.progress);
			}
			samples.flushSync();
			progress.flushSync();
			if (looseRows > progressRows) {
				await replaceProgress(connection, sets);
				looseRows = 0;
			}
			await connection.run("COMMIT");
			rows += added;
			for (const pack of packs) {
				const { times } = columnsOf(pack.buffer, pack.capacity);
				for (let i = 0; i < pack.rows; i++) {
					const time = times[i] as bigint;
					if (oldest === undefined || time < oldest) oldest = time;
					if (newest === undefined || time > newest) newest = time;
				}
			}
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

function appendRows(appender: DuckDBAppender, plain: DuckDBDataChunk, pack: PackedRows): void {
	const { times, values, tags, quality } = columnsOf(pack.buffer, pack.capacity);
	let text = 0;
	for (let from = 0; from < pack.rows; from += rowsPerChunk) {
		const until = Math.min(from + rowsPerChunk, pack.rows);
		const count = until - from;
		const firstText = text;
		while (text < pack.texts.length && (pack.texts[text] as [number, string])[0] < until) text++;
		const numbers = values.subarray(from, until);
		const isPlain = text === firstText && !numbers.some(Number.isNaN);
		const chunk = isPlain ? plain : emptyChunk(sampleTypes, count);
		if (chunk.rowCount !== count) chunk.rowCount = count;
		fillVector(chunk.getColumnVector(0), tags.subarray(from, until));
		fillVector(chunk.getColumnVector(1), times.subarray(from, until));
		fillVector(chunk.getColumnVector(3), quality.subarray(from, until));
		if (isPlain) fillVector(chunk.getColumnVector(2), numbers);
		else {
			chunk.setColumnValues(
				2,
				Array.from(numbers, (value) => (Number.isNaN(value) ? null : value)),
			);
			const texts = new Array<string | null>(count).fill(null);
			for (let i = firstText; i < text; i++) {
				const [row, said] = pack.texts[i] as [number, string];
				texts[row - from] = said;
			}
			chunk.setColumnValues(4, texts);
		}
		appender.appendDataChunk(chunk);
	}
}
