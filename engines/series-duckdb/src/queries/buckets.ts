import type { DuckDBDataChunk } from "@duckdb/node-api";
import type { AggregateName } from "@millwright/core";
import type { BucketsAnswer } from "../protocol.ts";
import { readVector } from "../vectors.ts";

/** Collects chunks of (tag, start, one column a function), ordered by tag and start, into columns by tag. */
export function createBucketsCollector(functions: readonly AggregateName[]) {
	const byTag = new Map<number, { starts: BigInt64Array[]; columns: Float64Array[][] }>();
	return {
		add(chunk: DuckDBDataChunk): void {
			const count = chunk.rowCount;
			const tags = new Uint32Array(count);
			const starts = new BigInt64Array(count);
			readVector(chunk.getColumnVector(0), tags, 0, 0);
			readVector(chunk.getColumnVector(1), starts, 0, 0n);
			const columns = functions.map((_, i) => {
				const column = new Float64Array(count);
				readVector(chunk.getColumnVector(2 + i), column, 0, Number.NaN);
				return column;
			});
			for (let from = 0; from < count; ) {
				const tag = tags[from] as number;
				let until = from + 1;
				while (until < count && tags[until] === tag) until++;
				let of = byTag.get(tag);
				if (!of) {
					of = { starts: [], columns: functions.map(() => []) };
					byTag.set(tag, of);
				}
				of.starts.push(starts.subarray(from, until));
				for (const [i, column] of columns.entries()) of.columns[i]?.push(column.subarray(from, until));
				from = until;
			}
		},
		take(tags: readonly number[]): BucketsAnswer[] {
			return tags.map((tag) => {
				const of = byTag.get(tag);
				const columns: BucketsAnswer["columns"] = {};
				for (const [i, name] of functions.entries())
					columns[name] = joined(of?.columns[i] ?? [], (length) => new Float64Array(length));
				return { tag, starts: joined(of?.starts ?? [], (length) => new BigInt64Array(length)), columns };
			});
		},
	};
}

function joined<T extends Float64Array | BigInt64Array>(pieces: readonly T[], make: (length: number) => T): T {
	const all = make(pieces.reduce((sum, piece) => sum + piece.length, 0));
	let at = 0;
	for (const piece of pieces) {
		all.set(piece as never, at);
		at += piece.length;
	}
	return all;
}
