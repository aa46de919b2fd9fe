import {
	BIGINT,
	type DuckDBConnection,
	type DuckDBDataChunk,
	type DuckDBType,
	type DuckDBValue,
	LIST,
	listValue,
	UINTEGER,
} from "@duckdb/node-api";

export type Bindings = Record<string, { value: DuckDBValue; type: DuckDBType }>;

/** A bigint alone would be bound as HUGEINT, which makes every comparison slow. */
export const bigint = (value: bigint) => ({ value, type: BIGINT as DuckDBType });
export const tagList = (tags: readonly number[]) => ({
	value: listValue([...tags]) as DuckDBValue,
	type: LIST(UINTEGER) as DuckDBType,
});

/** `tag IN ($tag0, $tag1 …)` and its bindings: a list of constants reaches the scan, a list parameter does not. */
export function tagIn(tags: readonly number[]): { sql: string; bindings: Bindings } {
	const bindings: Bindings = {};
	for (const [i, tag] of tags.entries()) bindings[`tag${i}`] = { value: tag, type: UINTEGER };
	return { sql: `tag IN (${tags.map((_, i) => `$tag${i}`).join(", ")})`, bindings };
}

/** Runs with bound parameters and hands on chunk after chunk. */
export async function ask(
	connection: DuckDBConnection,
	sql: string,
	bindings: Bindings,
	each: (chunk: DuckDBDataChunk) => void | Promise<void>,
): Promise<void> {
	const values: Record<string, DuckDBValue> = {};
	const types: Record<string, DuckDBType> = {};
	for (const [name, { value, type }] of Object.entries(bindings)) {
		values[name] = value;
		types[name] = type;
	}
	const result = await connection.stream(sql, values, types);
	for await (const chunk of result) await each(chunk);
}
