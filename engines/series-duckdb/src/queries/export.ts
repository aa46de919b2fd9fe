import { type DuckDBConnection, LIST, listValue, VARCHAR } from "@duckdb/node-api";
import { qualityName } from "@millwright/core";
import type { Query } from "../protocol.ts";
import { ask, bigint, tagList } from "./ask.ts";

type ExportQuery = Extract<Query, { kind: "export" }>;

/** Rows by topic and time; CSV with ISO 8601 to the nanosecond, Parquet with TIMESTAMP_NS (UTC) and zstd. */
export async function askExport(connection: DuckDBConnection, query: ExportQuery): Promise<{ rows: number }> {
	const time =
		query.format === "csv"
			? "strftime(make_timestamp_ns(s.time), '%Y-%m-%dT%H:%M:%S.%n') || 'Z' AS time"
			: "make_timestamp_ns(s.time) AS time";
	const options = query.format === "csv" ? "FORMAT csv, HEADER true" : "FORMAT parquet, COMPRESSION zstd";
	// The file is the one thing COPY cannot take as a parameter; a quoted literal needs its quotes doubled, nothing else.
	const file = `'${query.file.replaceAll("'", "''")}'`;
	let rows = 0;
	await ask(
		connection,
		`COPY (
			WITH wanted AS (SELECT unnest($tags) AS tag, unnest($topics) AS topic)
			SELECT w.topic AS tag, ${time}, s.value, s.text, list_extract($qualities, s.quality + 1) AS quality
			FROM sample s JOIN wanted w ON s.tag = w.tag
			WHERE s.time >= $from AND s.time < $until ORDER BY w.topic, s.time, s.rowid
		) TO ${file} (${options})`,
		{
			tags: tagList(query.tags.map(({ id }) => id)),
			topics: { value: listValue(query.tags.map(({ topic }) => topic)), type: LIST(VARCHAR) },
			qualities: { value: listValue(Array.from({ length: 256 }, (_, code) => qualityName(code))), type: LIST(VARCHAR) },
			from: bigint(query.from),
			until: bigint(query.until),
		},
		(chunk) => {
			rows += Number(chunk.getColumnVector(0).getItem(0) ?? 0);
		},
	);
	return { rows };
}
