import { until } from "../kit/platform.ts";
import type { Outcome } from "./outcome.ts";
import type { Spine } from "./spine.ts";
import { countStored } from "./stored-values.ts";

/** Values a machine may have answered without our having them, in a row of one tag, where the edge was ended: a second's worth. */
const mostUnderWay = 10;

const isTold = ({ bad, tags, reason }: { bad: number; tags: number; reason?: string | undefined }): boolean =>
	bad === tags && reason !== undefined;

/**
 * Silences the machines, waits until everything has gone up, and compares three counts: what the edge says it made durable,
 * what the centre says it stored, and what can be read from the centre's history. Then the machines speak again.
 */
export async function settleSpine(
	spine: Spine,
	{
		figures = {},
		trueTime,
		gone = 0,
	}: { figures?: Record<string, number>; trueTime?: (ms: number) => number; gone?: number } = {},
): Promise<Outcome> {
	const { plant, session } = spine;
	const cut = { from: Date.now() - 100, until: Number.POSITIVE_INFINITY, of: "line" as const };
	spine.interruptions.push(cut);
	await Promise.all(plant.targets.map((target) => plant.network(target, "cut")));
	await until(
		async () => spine.edgeStatus(),
		(status) => Boolean(status?.connections.every(isTold)) && status?.uplink.backlogRows === 0 && status.ledger.buffered === 0,
		{ what: "an edge that has told its machines as gone and has nothing left to send", withinMs: 120_000 },
	);
	const ledgers = await until(
		async () => (await session.sense.ledger({})).connections,
		(all) => {
			const mine = spine.connections.map((name) => all[name]);
			const sent = mine.reduce((sum, one) => sum + (one?.sent ?? 0), 0);
			return (
				mine.every(
					(one) =>
						one !== undefined &&
						one.buffered === 0 &&
						one.sent === one.stored + one.expired &&
						one.read + one.made === one.sent + one.filtered + one.rejected,
				) && sent === spine.edgeStatus()?.ledger.sent
			);
		},
		{ what: "sent = stored + expired, as the edge and the centre both tell it", withinMs: 120_000 },
	);
	const counted = await countStored(session, {
		interruptions: spine.interruptions,
		resets: [],
		tags: spine.tags,
		...(trueTime ? { trueTime } : {}),
	});
	await Promise.all(plant.targets.map((target) => plant.network(target, "restore")));
	cut.until = Date.now() + 3000;
	await spine.more(1, "values after the machines came back");
	for (const line of counted.examples) console.error(line);
	const sums = spine.connections.map((name) => ({
		sent: (ledgers[name]?.sent ?? 0) - (ledgers[name]?.expired ?? 0),
		expired: ledgers[name]?.expired ?? 0,
		rows: counted.rows[name] ?? 0,
	}));
	const sum = (of: (one: (typeof sums)[number]) => number) => sums.reduce((total, one) => total + of(one), 0);
	return {
		// What fell out of a full disk is a loss that was told; the fault says how much of that there may be.
		lost:
			sum(({ sent, rows }) => Math.max(0, sent - rows)) +
			counted.holes +
			Math.max(0, counted.widest - mostUnderWay) +
			Math.max(0, sum(({ expired }) => expired) - gone),
		duplicated: sum(({ sent, rows }) => Math.max(0, rows - sent)) + counted.repeated,
		reordered: counted.reordered,
		crashed: spine.crashes(),
		figures: {
			sent: sum(({ sent }) => sent),
			stored: sum(({ rows }) => rows),
			expired: sum(({ expired }) => expired),
			unsent: counted.unsent,
			widestUnsent: counted.widest,
			...figures,
		},
	};
}
