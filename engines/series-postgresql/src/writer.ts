import { once } from "node:events";
import { type Clock, MillwrightError, type NumberRange, type SampleBatch, SequenceSet } from "@millwright/core";
import { from as copyFrom } from "pg-copy-streams";
import { createRowEncoder, type RowEncoder, sampleColumns } from "./copy-format.ts";
import { bigintSql } from "./dial.ts";
import { makePartition } from "./layout.ts";
import { dayOf, endOfDay, type Partition, partitionFor, partitionOf } from "./partitions.ts";
import type { Store } from "./store.ts";

/** Rows of one batch that are to be stored, and the numbers that they stand for. */
export interface Piece {
	batch: SampleBatch;
	/** Half open; none where only numbers are to be known. */
	rows: readonly { from: number; until: number }[];
}

export interface Writer {
	/** Resolves after COMMIT, when the server's disk has it; rejects with the outcome unknown, and the writer is then spent. */
	flush(pieces: readonly Piece[]): Promise<void>;
	/** Something else on the writing connection, between two flushes. */
	readonly store: Store;
}

interface Tally {
	rows: number;
	oldest: bigint;
	newest: bigint;
}

/** Rows, their numbers and the tally in one transaction. */
export function createWriter(store: Store, clock: Clock): Writer {
	const { client } = store;
	const sets = new Map(store.progress.map(([name, ranges]) => [name, new SequenceSet(ranges)]));

	const placeOf = async (time: bigint): Promise<Partition> => {
		const known = partitionOf(time, store.partitions);
		if (known) return known;
		const made = partitionFor(time, clock.now(), store.partitions);
		await makePartition(client, made);
		store.partitions.push(made);
		return made;
	};

	/** Rows by the table they go to; nearly always one. */
	const sort = async (pieces: readonly Piece[]): Promise<{ encoders: Map<string, RowEncoder>; days: Map<bigint, Tally> }> => {
		const encoders = new Map<string, RowEncoder>();
		const days = new Map<bigint, Tally>();
		let place: Partition | undefined;
		let encoder: RowEncoder | undefined;
		let day: Tally | undefined;
		let low = 0n;
		let high = 0n;
		for (const { batch, rows } of pieces)
			for (const { from, until } of rows)
				for (let i = from; i < until; i++) {
					const time = batch.times[i] as bigint;
					if (!day || time < low || time >= high) {
						low = dayOf(time);
						high = endOfDay(low);
						day = days.get(low);
						if (!day) {
							day = { rows: 0, oldest: time, newest: time };
							days.set(low, day);
						}
						place = store.timescale ? undefined : await placeOf(time);
						const name = place?.name ?? "sample";
						encoder = encoders.get(name);
						if (!encoder) {
							encoder = createRowEncoder();
							encoders.set(name, encoder);
						}
					}
					day.rows++;
					if (time < day.oldest) day.oldest = time;
					if (time > day.newest) day.newest = time;
					(encoder as RowEncoder).row(
						time,
						store.arrival++,
						batch.values[i] as number,
						batch.tags[i] as number,
						batch.quality[i] as number,
						batch.texts.size > 0 ? batch.texts.get(i) : undefined,
					);
				}
		return { encoders, days };
	};

	const progressSql = (pieces: readonly Piece[]): string[] => {
		const touched = new Map<string, NumberRange[]>();
		for (const { batch } of pieces) {
			const { connection, first, last } = batch;
			let set = sets.get(connection);
			if (!set) {
				set = new SequenceSet();
				sets.set(connection, set);
			}
			set.add(first, last);
			const ranges = touched.get(connection);
			if (ranges) ranges.push({ first, last });
			else touched.set(connection, [{ first, last }]);
		}
		const sql: string[] = [];
		for (const [connection, ranges] of touched) {
			const name = client.escapeLiteral(connection);
			const whole = (sets.get(connection) as SequenceSet).ranges();
			// What grew together is one range again; the others stay untouched.
			const grown = new Set(
				ranges.map(({ first }) => whole.find((range) => range.first <= first && first <= range.last) as NumberRange),
			);
			for (const { first, last } of grown)
				sql.push(
					`DELETE FROM progress WHERE connection = ${name} AND first > ${first} AND first <= ${last}`,
					`INSERT INTO progress VALUES (${name}, ${first}, ${last}) ON CONFLICT (connection, first) DO UPDATE SET last = excluded.last`,
				);
		}
		return sql;
	};

	return {
		store,
		async flush(pieces) {
			const { encoders, days } = await sort(pieces);
			const statements = [
				"BEGIN",
				`UPDATE state SET arrival = ${store.arrival} WHERE epoch = ${store.epoch}`,
				...progressSql(pieces),
				...[...days].map(
					([day, { rows, oldest, newest }]) =>
						`INSERT INTO tally (day, tier, rows, oldest, newest, bytes) VALUES (${bigintSql(day)}, 'hot', ${rows}, ${bigintSql(oldest)}, ${bigintSql(newest)}, 0)
						ON CONFLICT (day, tier) DO UPDATE SET rows = tally.rows + excluded.rows, oldest = least(tally.oldest, excluded.oldest), newest = greatest(tally.newest, excluded.newest)`,
				),
			];
			const results = (await client.query(statements.join(";\n"))) as unknown as { rowCount: number | null }[];
			if (results[1]?.rowCount !== 1)
				throw new MillwrightError("series.taken-over", "Another process has taken over this history", {
					kind: "conflict",
					hint: "Stop one of the two Millwright processes, or give each its own schema (engines.series.schema).",
				});
			for (const [name, encoder] of encoders) {
				const stream = client.query(copyFrom(`COPY ${name} (${sampleColumns}) FROM STDIN (FORMAT binary)`));
				const finished = once(stream, "finish");
				finished.catch(() => {});
				for (const bytes of encoder.take()) if (!stream.write(bytes)) await Promise.race([once(stream, "drain"), finished]);
				stream.end();
				await finished;
			}
			await client.query("COMMIT");
		},
	};
}
