import { LIST, listValue, VARCHAR } from "@duckdb/node-api";
import { qualityName } from "@millwright/core";
import { DamagedSegment } from "../parquet/segment-reader.ts";
import type { Query } from "../protocol.ts";
import type { Segment } from "../tiers/segments.ts";
import { ask, bigint, tagList } from "./ask.ts";
import { type Asking, sourceOf } from "./question.ts";

type ExportQuery = Extract<Query, { kind: "export" }>;

/** Rows by topic and time; CSV with ISO 8601 to the nanosecond, Parquet with TIMESTAMP_NS (UTC) and zstd. */
export async function askExport(asking: Asking, query: ExportQuery): Promise<{ rows: number }> {
	const { connection, store } = asking;
	for (;;) {
		asking.check();
		await connection.run("BEGIN");
		const { lease } = await sourceOf(store, async () => {
			// The transaction's view begins here, at the same moment as the lease.
			await connection.run("SELECT 1 FROM sample LIMIT 1");
			return new Map();
		}).catch(async (thrown) => {
			await connection.run("ROLLBACK").catch(() => {});
			throw thrown;
		});
		const wanted = lease.all.filter(
			({ oldest, newest, firstTag, lastTag }) =>
				newest >= query.from && oldest < query.until && query.tags.some(({ id }) => id >= firstTag && id <= lastTag),
		);
		try {
			return await copy(asking, query, wanted);
		} catch (thrown) {
			asking.check();
			// DuckDB reads the files itself and does not know our sums: which one it stumbled over is looked for.
			const damaged = await firstDamaged(asking, wanted);
			if (!damaged) throw thrown;
			store.damaged(damaged);
		} finally {
			lease.release();
			await connection.run("ROLLBACK").catch(() => {});
		}
	}
}

async function copy({ connection, store }: Asking, query: ExportQuery, files: readonly Segment[]): Promise<{ rows: number }> {
	const time =
		query.format === "csv"
			? "strftime(make_timestamp_ns(s.time), '%Y-%m-%dT%H:%M:%S.%n') || 'Z' AS time"
			: "make_timestamp_ns(s.time) AS time";
	const options = query.format === "csv" ? "FORMAT csv, HEADER true" : "FORMAT parquet, COMPRESSION zstd";
	// Rows by day, order of arrival of the files, and place within; the table's come last.
	const sorted = files.toSorted((a, b) => Number(a.tier !== "brought") - Number(b.tier !== "brought") || a.place - b.place);
	const sources = sorted.map(
		({ file, texts }, i) => `SELECT tag, time, CASE WHEN isnan(value) THEN NULL ELSE value END AS value,
			${texts ? "text" : "NULL::VARCHAR AS text"}, quality, ${i} AS run, file_row_number AS row
			FROM read_parquet(${literal(store.segments.path(file))}, file_row_number = true) WHERE tag IN (SELECT tag FROM wanted)`,
	);
	let rows = 0;
	await ask(
		connection,
		`COPY (
			WITH wanted AS (SELECT unnest($tags) AS tag, unnest($topics) AS topic),
			everything AS (
				${[...sources, `SELECT tag, time, value, text, quality, ${sorted.length} AS run, rowid AS row FROM sample`].join(" UNION ALL ")}
			)
			SELECT w.topic AS tag, ${time}, s.value, s.text, list_extract($qualities, s.quality::INTEGER + 1) AS quality
			FROM everything s JOIN wanted w ON s.tag = w.tag
			WHERE s.time >= $from AND s.time < $until ORDER BY w.topic, s.time, s.run, s.row
		) TO ${literal(query.file)} (${options})`,
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

/** A file's name is the one thing that cannot be a parameter; a quoted literal needs its quotes doubled, nothing else. */
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

async function firstDamaged({ store, check }: Asking, files: readonly Segment[]): Promise<DamagedSegment | undefined> {
	for (const segment of files)
		try {
			const { index } = store.segments.reader(segment);
			for (let block = 0; block < index.length; block++) {
				store.segments.reader(segment).read(block);
				if (block % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
				check();
			}
		} catch (thrown) {
			if (thrown instanceof DamagedSegment) return thrown;
			throw thrown;
		}
	return undefined;
}
