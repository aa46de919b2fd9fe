import { once } from "node:events";
import { type BroughtRows, MillwrightError, type Nanos } from "@millwright/core";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { createRowEncoder, sampleColumns } from "./copy-format.ts";
import { bigintSql, tagsSql } from "./dial.ts";
import { packedBase, packGroupsSql, packSql, takenOutSql, tallySql } from "./packing.ts";
import { dayOfSql, endOfDay } from "./partitions.ts";
import { unpacked, unpackedColumns } from "./queries/source.ts";

/** In one transaction or not at all. */
export async function transact<R>(client: pg.Client, work: () => Promise<R>): Promise<R> {
	await client.query("BEGIN");
	try {
		const answer = await work();
		await client.query("COMMIT");
		return answer;
	} catch (thrown) {
		await client.query("ROLLBACK").catch(() => {});
		throw thrown;
	}
}

/** Days that are over and hold rows as they came. */
export async function looseDays(client: pg.Client, until: Nanos): Promise<Nanos[]> {
	const { rows } = await client.query("SELECT day FROM tally WHERE tier = 'hot' AND rows > 0 ORDER BY day");
	return rows.map((row: { day: string }) => BigInt(row.day)).filter((day) => endOfDay(day) <= until);
}

/**
 * Packs a day. One statement sees one moment: rows that come meanwhile stay where they are until the next time, nobody waits,
 * and every question sees each row once, before and after.
 */
export const packDay = (client: pg.Client, day: Nanos): Promise<{ rows: number; bytesBefore: number; bytesAfter: number }> =>
	transact(client, async () => {
		const cold = async () => {
			const { rows } = await client.query(`SELECT bytes FROM tally WHERE tier = 'cold' AND day = ${bigintSql(day)}`);
			return Number((rows[0] as { bytes: string } | undefined)?.bytes ?? 0);
		};
		const bytesBefore = await cold();
		const { rows } = await client.query(
			`WITH gone AS (
				DELETE FROM sample WHERE time >= ${bigintSql(day)} AND time < ${bigintSql(endOfDay(day))}
				RETURNING tag, time, arrival, value, quality, text
			), merged AS (
				DELETE FROM packed WHERE day = ${bigintSql(day)} AND piece IS NULL AND tag IN (SELECT DISTINCT tag FROM gone) RETURNING *
			), together AS (
				SELECT tag, time, arrival, value, quality, text FROM gone
				UNION ALL SELECT ${unpackedColumns} FROM merged p CROSS JOIN ${unpacked}
			), put AS (${packSql("together", { base: packedBase, piece: "NULL" })})
			SELECT count(*) AS moved FROM gone`,
		);
		const moved = Number((rows[0] as { moved: string }).moved);
		for (const sql of [...tallySql("cold", [day]), ...takenOutSql(day, moved)]) await client.query(sql);
		return { rows: moved, bytesBefore, bytesAfter: await cold() };
	});

/** Rows of some tags before a time, wherever they lie. */
export const forgetRows = (
	client: pg.Client,
	tags: readonly number[],
	before: Nanos,
): Promise<{ hot: number; packed: number; bytes: number }> =>
	transact(client, async () => {
		const of = `tag = ${tagsSql(tags)}`;
		const until = bigintSql(before);
		const loose = await client.query(
			`WITH gone AS (DELETE FROM sample WHERE ${of} AND time < ${until} RETURNING time)
			SELECT ${dayOfSql("time")} AS day, count(*) AS rows FROM gone GROUP BY 1`,
		);
		let hot = 0;
		for (const { day, rows } of loose.rows as { day: string; rows: string }[]) {
			hot += Number(rows);
			for (const sql of takenOutSql(BigInt(day), Number(rows))) await client.query(sql);
		}
		const bytesOf = async () => {
			const { rows } = await client.query("SELECT coalesce(sum(bytes), 0) AS bytes FROM tally WHERE tier <> 'hot'");
			return Number((rows[0] as { bytes: string }).bytes);
		};
		const bytesBefore = await bytesOf();
		const whole = await client.query(`DELETE FROM packed WHERE ${of} AND last_time < ${until} RETURNING day, rows`);
		const cut = await client.query(`SELECT day, rows FROM packed WHERE ${of} AND first_time < ${until}`);
		const kept = await client.query(
			`WITH cut AS (DELETE FROM packed WHERE ${of} AND first_time < ${until} RETURNING *),
			kept AS (SELECT p.day, p.base, p.piece, u.place, ${unpackedColumns} FROM cut p CROSS JOIN ${unpacked} WHERE u.time >= ${until})
			${packGroupsSql({ from: "kept", base: "base + min(place) - 1", piece: "piece", order: "place", by: "tag, day, base, piece" })}
			RETURNING rows`,
		);
		const sum = (rows: unknown[]) => (rows as { rows: number }[]).reduce((all, { rows: some }) => all + some, 0);
		const days = [...new Set([...whole.rows, ...cut.rows].map((row: { day: string }) => BigInt(row.day)))];
		if (days.length > 0) for (const sql of [...tallySql("cold", days), ...tallySql("brought", days)]) await client.query(sql);
		return { hot, packed: sum(whole.rows) + sum(cut.rows) - sum(kept.rows), bytes: bytesBefore - (await bytesOf()) };
	});

/** Rows from elsewhere under a name, after everything that came before. */
export const bringRows = (
	client: pg.Client,
	{
		id,
		rows,
		signal,
		arrival,
	}: { id: string; rows: AsyncIterable<BroughtRows>; signal?: AbortSignal | undefined; arrival: number },
): Promise<{ rows: number }> =>
	transact(client, async () => {
		const taken = await client.query("INSERT INTO piece (id, rows) VALUES ($1, 0) ON CONFLICT DO NOTHING", [id]);
		if (taken.rowCount !== 1)
			throw new MillwrightError("series.piece-exists", `Something was brought in as "${id}" already`, {
				kind: "conflict",
				hint: "Choose another name, or take the former out first.",
			});
		await client.query("CREATE TEMPORARY TABLE incoming (LIKE sample) ON COMMIT DROP");
		let count = 0;
		const stream = client.query(copyFrom(`COPY incoming (${sampleColumns}) FROM STDIN (FORMAT binary)`));
		const finished = once(stream, "finish");
		finished.catch(() => {});
		try {
			const encoder = createRowEncoder();
			for await (const some of rows) {
				signal?.throwIfAborted();
				encoder.rows(some, 0, some.tags.length, count);
				count += some.tags.length;
				for (const bytes of encoder.drain()) if (!stream.write(bytes)) await Promise.race([once(stream, "drain"), finished]);
			}
			signal?.throwIfAborted();
			for (const bytes of encoder.take()) stream.write(bytes);
			stream.end();
			await finished;
		} catch (thrown) {
			stream.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
			throw thrown;
		}
		await client.query("ANALYZE incoming");
		await client.query(packSql("incoming", { base: arrival, piece: client.escapeLiteral(id) }));
		const days = await client.query("SELECT DISTINCT day FROM packed WHERE piece = $1", [id]);
		const found = days.rows.map((row: { day: string }) => BigInt(row.day));
		if (found.length > 0) for (const sql of tallySql("brought", found)) await client.query(sql);
		await client.query("UPDATE piece SET rows = $2 WHERE id = $1", [id, count]);
		return { rows: count };
	});

export const takeOutRows = (client: pg.Client, id: string): Promise<{ rows: number }> =>
	transact(client, async () => {
		const gone = await client.query("DELETE FROM packed WHERE piece = $1 RETURNING day, rows", [id]);
		await client.query("DELETE FROM piece WHERE id = $1", [id]);
		const days = [...new Set(gone.rows.map((row: { day: string }) => BigInt(row.day)))];
		if (days.length > 0) for (const sql of tallySql("brought", days)) await client.query(sql);
		return { rows: (gone.rows as { rows: number }[]).reduce((all, { rows }) => all + rows, 0) };
	});
