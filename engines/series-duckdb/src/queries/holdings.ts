import type { Nanos, SeriesTier } from "@millwright/core";
import { dayNs } from "../parquet/rows.ts";
import type { DaysAnswer, HoldingsAnswer } from "../protocol.ts";
import { dayNumber } from "../tiers/hot-rows.ts";
import type { Segment } from "../tiers/segments.ts";
import { type Asking, sourceOf } from "./question.ts";

const tierOf = ({ tier }: Segment): SeriesTier => (tier === "warm" ? "hot" : tier);

/** Hot rows and the files of the same moment. */
async function holdings(asking: Asking, sql: string): Promise<{ files: readonly Segment[]; hot: unknown[][] }> {
	let hot: unknown[][] = [];
	const { lease } = await sourceOf(asking.store, async () => {
		hot = (await asking.connection.runAndReadAll(sql)).getRows();
		return new Map();
	});
	lease.release();
	return { files: lease.all, hot };
}

/** What each day costs in each tier; rows in the table take an even share of its file. */
export async function askDays(
	asking: Asking,
	{ from, until, hotBytes }: { from: Nanos; until: Nanos; hotBytes: number },
): Promise<DaysAnswer> {
	const { files, hot } = await holdings(asking, `SELECT ${dayNumber} AS day, count(*) FROM sample GROUP BY day`);
	const inTable = (hot as [bigint, bigint][]).map(([day, rows]) => ({ day: day * dayNs, rows: Number(rows) }));
	const total = inTable.reduce((sum, { rows }) => sum + rows, 0);
	const found = new Map<string, DaysAnswer[number]>();
	const add = (day: Nanos, tier: SeriesTier, rows: number, bytes: number) => {
		if (day >= until || day + dayNs <= from) return;
		const key = `${day} ${tier}`;
		const known = found.get(key) ?? { day, rows: 0, bytes: 0, tier };
		found.set(key, { ...known, rows: known.rows + rows, bytes: known.bytes + bytes });
	};
	for (const segment of files) add(segment.day, tierOf(segment), segment.rows, segment.bytes);
	for (const { day, rows } of inTable) add(day, "hot", rows, Math.round((hotBytes * rows) / total));
	return [...found.values()].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.tier < b.tier ? -1 : 1));
}

export async function askHoldings(asking: Asking, { hotBytes }: { hotBytes: number }): Promise<HoldingsAnswer> {
	const { files, hot } = await holdings(asking, "SELECT count(*), min(time), max(time) FROM sample");
	const [rows, oldest, newest] = hot[0] as [bigint, bigint | null, bigint | null];
	const tiers: HoldingsAnswer["tiers"] = {
		hot: { rows: Number(rows), bytes: hotBytes, oldest: oldest ?? undefined, newest: newest ?? undefined },
	};
	for (const segment of files) {
		const tier = tierOf(segment);
		const known = tiers[tier] ?? { rows: 0, bytes: 0, oldest: undefined, newest: undefined };
		tiers[tier] = {
			rows: known.rows + segment.rows,
			bytes: known.bytes + segment.bytes,
			oldest: known.oldest === undefined || segment.oldest < known.oldest ? segment.oldest : known.oldest,
			newest: known.newest === undefined || segment.newest > known.newest ? segment.newest : known.newest,
		};
	}
	return {
		tiers,
		missing: asking.store.segments.damaged.map(({ day, rows: lost, file }) => ({ day, rows: lost, file })),
	};
}
