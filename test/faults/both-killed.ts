import { until } from "../kit/platform.ts";
import type { Outcome } from "./outcome.ts";
import { seeded } from "./seeded.ts";
import type { Side, Spine } from "./spine.ts";
import { settleSpine } from "./spine-outcome.ts";
import { rowsIn } from "./stored-values.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const sumOf = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, one) => sum + one, 0);
/** After so many kills the history itself is counted. */
const countEvery = 10;

/**
 * `kill -9` of the edge, of the centre, or of both at random moments under load, now and then once more in the middle of the
 * next start. What the edge had called durable and what the centre had called stored must be stored after.
 */
export async function bothKilled(
	spine: Spine,
	{ count, seed, say }: { count: number; seed: number; say(line: string): void },
): Promise<Outcome> {
	const random = seeded(seed);
	const kills = { edge: 0, centre: 0, starting: 0 };
	const tookMs: number[] = [];
	let lost = 0;
	let duplicated = 0;
	await spine.more(20, "values at the centre");
	for (let done = 0; done < count; ) {
		await pause(random() * 600);
		const storedBefore = await spine.stored();
		const sentBefore = spine.edgeStatus()?.ledger.sent ?? 0;
		// The moment is not to be in step with the answers.
		await pause(random() * 120);
		const began = performance.now();
		const dice = random();
		const sides: Side[] = dice < 0.1 && count - done > 1 ? ["edge", "centre"] : dice < 0.55 ? ["edge"] : ["centre"];
		await Promise.all(sides.map((side) => spine.kill(side)));
		for (const side of sides) {
			done++;
			kills[side]++;
			if (done < count && random() < 0.15) {
				done++;
				kills.starting++;
				await spine.killWhileStarting(side, random() * 1500);
			}
		}
		await Promise.all(sides.map((side) => spine.start(side)));
		const isThere = (now: Record<string, number>): boolean =>
			sumOf(now) >= sentBefore && Object.entries(storedBefore).every(([name, rows]) => (now[name] ?? 0) > rows);
		const after = await until(() => spine.stored(), isThere, {
			what: "what was sent before the kill stored after, and more",
			withinMs: 60_000,
			everyMs: 50,
		}).catch(() => spine.stored());
		const missing = Math.max(0, sentBefore - sumOf(after));
		lost += missing;
		tookMs.push(performance.now() - began);
		const isWhole = Math.floor(done / countEvery) > Math.floor((done - sides.length) / countEvery);
		if (isWhole || missing > 0) {
			const rows = sumOf(await rowsIn(spine.session, spine.tags));
			const told = sumOf(await spine.stored());
			lost += Math.max(0, sentBefore - rows);
			duplicated += Math.max(0, rows - told);
			say(
				`${done} of ${count} kills: ${sentBefore} sent before the last, ${missing} of them missing after; ${rows} rows in the history; up again within ${Math.round(tookMs.at(-1) as number)} ms`,
			);
		}
	}
	const sorted = tookMs.sort((a, b) => a - b);
	const outcome = await settleSpine(spine, {
		figures: {
			kills: kills.edge + kills.centre + kills.starting,
			killsOfEdge: kills.edge,
			killsOfCentre: kills.centre,
			killsWhileStarting: kills.starting,
			upAgainMedianMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
			upAgainLongestMs: Math.round(sorted.at(-1) ?? 0),
		},
	});
	return { ...outcome, lost: outcome.lost + lost, duplicated: outcome.duplicated + duplicated };
}
