import type { DuckDBDataChunk } from "@duckdb/node-api";
import type { RowsAnswer } from "../protocol.ts";
import { readTexts, readVector } from "../vectors.ts";

/** Collects chunks of (time, value, quality, text) into columns that grow by doubling. */
export function createRowsCollector() {
	let times = new BigInt64Array(2048);
	let values = new Float64Array(2048);
	let quality = new Uint8Array(2048);
	const texts: [number, string][] = [];
	let rows = 0;

	const grow = (wanted: number) => {
		if (wanted <= times.length) return;
		const capacity = Math.max(wanted, times.length * 2);
		const wider = { times: new BigInt64Array(capacity), values: new Float64Array(capacity), quality: new Uint8Array(capacity) };
		wider.times.set(times);
		wider.values.set(values);
		wider.quality.set(quality);
		({ times, values, quality } = wider);
	};

	return {
		get rows() {
			return rows;
		},
		/** Columns `at`, `at + 1` … of the chunk are time, value, quality, text. */
		add(chunk: DuckDBDataChunk, at = 0) {
			grow(rows + chunk.rowCount);
			readVector(chunk.getColumnVector(at), times, rows, 0n);
			readVector(chunk.getColumnVector(at + 1), values, rows, Number.NaN);
			readVector(chunk.getColumnVector(at + 2), quality, rows, 0);
			readTexts(chunk.getColumnVector(at + 3), rows, texts);
			rows += chunk.rowCount;
		},
		push(row: Row) {
			grow(rows + 1);
			times[rows] = row.time;
			values[rows] = row.value;
			quality[rows] = row.quality;
			if (row.text !== undefined) texts.push([rows, row.text]);
			rows++;
		},
		take(tag: number, samples: number): RowsAnswer {
			return {
				tag,
				times: times.slice(0, rows),
				values: values.slice(0, rows),
				quality: quality.slice(0, rows),
				texts,
				samples,
			};
		},
	};
}
export type RowsCollector = ReturnType<typeof createRowsCollector>;

export interface Row {
	time: bigint;
	value: number;
	quality: number;
	text: string | undefined;
}

export const emptyRows = (tag: number): RowsAnswer => createRowsCollector().take(tag, 0);
