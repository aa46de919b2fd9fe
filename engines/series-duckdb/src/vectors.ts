import { DuckDBDataChunk, type DuckDBType, type DuckDBVector } from "@duckdb/node-api";

type Items = Float64Array | BigInt64Array | Uint32Array | Uint8Array;

/**
 * A vector's own columns. Going through getItem and setItem costs five times as much, so whole columns are moved at
 * once where the pinned version of the binding keeps its items in a typed array, and one by one where it does not.
 */
interface Inside {
	items?: unknown;
	validity?: { data: BigUint64Array | null };
}
const inside = (vector: DuckDBVector): Inside => vector as unknown as Inside;

/** Writes a column without NULLs into a chunk's vector. */
export function fillVector<T extends Items>(vector: DuckDBVector, column: T): void {
	const { items } = inside(vector);
	if (items instanceof (column.constructor as new () => T) && items.length === column.length) items.set(column as never);
	else for (let i = 0; i < column.length; i++) vector.setItem(i, column[i] as never);
	vector.flush();
}

/** Copies a number column out of a chunk into `into` at `at`; NULL becomes `none`. */
export function readVector(vector: DuckDBVector, into: Items, at: number, none: number | bigint): void {
	const { items, validity } = inside(vector);
	const count = vector.itemCount;
	if (validity?.data === null && items instanceof (into.constructor as new () => Items) && items.length === count) {
		into.set(items as never, at);
		return;
	}
	for (let i = 0; i < count; i++) into[at + i] = (vector.getItem(i) ?? none) as never;
}

/** Row and text of every row that has one. */
export function readTexts(vector: DuckDBVector, at: number, into: [number, string][]): void {
	const data = inside(vector).validity?.data;
	if (data?.every((word) => word === 0n)) return;
	for (let i = 0; i < vector.itemCount; i++) {
		const text = vector.getItem(i);
		if (typeof text === "string") into.push([at + i, text]);
	}
}

export const rowsPerChunk = 2048;
export const emptyChunk = (types: readonly DuckDBType[], rows: number): DuckDBDataChunk => DuckDBDataChunk.create(types, rows);
