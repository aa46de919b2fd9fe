import type { Nanos, SeriesDay, SeriesFigures, SeriesTier, TimeRange } from "@millwright/core";
import type pg from "pg";
import { endOfDay } from "./partitions.ts";

type Tiers = SeriesFigures["tiers"];

/** What the tally says, with what the tables weigh. */
export async function askFigures(
	client: pg.Client,
	timescale: boolean,
): Promise<Pick<SeriesFigures, "rows" | "bytes" | "oldest" | "newest" | "tiers">> {
	const sample = timescale
		? "coalesce(hypertable_size('sample'), 0)"
		: "coalesce((SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'sample'::regclass), 0)";
	const { rows: weighed } = await client.query(
		`SELECT ${sample} AS sample, pg_total_relation_size('packed') AS packed,
			pg_total_relation_size('progress') + pg_total_relation_size('tally') + pg_total_relation_size('state') AS rest`,
	);
	const weight = weighed[0] as { sample: string; packed: string; rest: string };
	const { rows: told } = await client.query(
		"SELECT tier, sum(rows) AS rows, sum(bytes) AS bytes, min(oldest) AS oldest, max(newest) AS newest FROM tally GROUP BY tier",
	);
	const tally = told as { tier: SeriesTier; rows: string; bytes: string; oldest: string; newest: string }[];
	const packed = tally.reduce((sum, { tier, bytes }) => (tier === "hot" ? sum : sum + Number(bytes)), 0);
	const tiers: Tiers = {};
	for (const { tier, rows, bytes, oldest, newest } of tally)
		tiers[tier] = {
			rows: Number(rows),
			bytes:
				tier === "hot" ? Number(weight.sample) : packed > 0 ? Math.round((Number(weight.packed) * Number(bytes)) / packed) : 0,
			oldest: BigInt(oldest),
			newest: BigInt(newest),
		};
	const all = Object.values(tiers);
	return {
		rows: all.reduce((sum, { rows }) => sum + rows, 0),
		bytes: Number(weight.sample) + Number(weight.packed) + Number(weight.rest),
		oldest: extreme(
			all.map(({ oldest }) => oldest),
			-1,
		),
		newest: extreme(
			all.map(({ newest }) => newest),
			1,
		),
		tiers,
	};
}

const extreme = (times: readonly (Nanos | undefined)[], sign: 1 | -1): Nanos | undefined =>
	times.reduce(
		(best, time) => (time !== undefined && (best === undefined || (sign === 1 ? time > best : time < best)) ? time : best),
		undefined,
	);

/** Days of a range, one entry a tier. Rows as they came share the weight of their tables evenly. */
export async function askDays(client: pg.Client, { from, until }: TimeRange, timescale: boolean): Promise<SeriesDay[]> {
	const { tiers } = await askFigures(client, timescale);
	const hot = tiers.hot && tiers.hot.rows > 0 ? tiers.hot.bytes / tiers.hot.rows : 0;
	const { rows: told } = await client.query("SELECT day, tier, rows, bytes FROM tally WHERE day < $1 ORDER BY day, tier", [
		until,
	]);
	return (told as { day: string; tier: SeriesTier; rows: string; bytes: string }[])
		.map(({ day, tier, rows, bytes }) => ({
			day: BigInt(day),
			rows: Number(rows),
			bytes: tier === "hot" ? Math.round(hot * Number(rows)) : Number(bytes),
			tier,
		}))
		.filter(({ day, rows }) => rows > 0 && endOfDay(day) > from);
}
