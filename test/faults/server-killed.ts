import { spawn } from "node:child_process";
import { join } from "node:path";
import { until } from "../kit/platform.ts";
import { root } from "../kit/processes.ts";
import type { Factory } from "./factory.ts";
import { type Outcome, settle } from "./outcome.ts";
import { seeded } from "./seeded.ts";
import { storedUntil } from "./stored-values.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Power cuts at random moments under load, now and then one more in the middle of the next start. What the ledger called
 * sent before must be in the history after.
 */
export async function serverKilled(
	factory: Factory,
	{ count, seed, say }: { count: number; seed: number; say(line: string): void },
): Promise<Outcome> {
	const random = seeded(seed);
	let lost = 0;
	let starts = 0;
	for (let round = 1; round <= count; round++) {
		await factory.good();
		await pause(random() * 2000);
		const { connections: before } = await factory.session.sense.ledger({});
		const at = Date.now();
		// The moment is not to be in step with the answer of the ledger.
		await pause(random() * 120);
		await factory.killServer();
		if (random() < 0.25) {
			starts++;
			await factory.interrupt("server", () => killWhileStarting(factory, random() * 3000));
		}
		await factory.startServer();
		const missing = await until(
			async () => missingOf(before, await storedUntil(factory.session, at)),
			(rows) => rows === 0,
			{ what: "what was sent before the kill stored after", withinMs: 60_000 },
		).catch(async () => missingOf(before, await storedUntil(factory.session, at)));
		lost += missing;
		const sent = Object.values(before).reduce((sum, one) => sum + one.sent, 0);
		say(`kill ${round} of ${count}: ${sent} sent before, ${missing} of them missing after`);
	}
	const outcome = await settle(factory, { kills: count, killsWhileStarting: starts });
	return { ...outcome, lost: outcome.lost + lost };
}

const missingOf = (before: Record<string, { sent: number }>, rows: Record<string, number>): number =>
	Object.entries(before).reduce((sum, [connection, { sent }]) => sum + Math.max(0, sent - (rows[connection] ?? 0)), 0);

/** A start that does not come to its end. */
async function killWhileStarting({ config, data }: Factory, afterMs: number): Promise<void> {
	const child = spawn(process.execPath, [join(root, "apps/server/src/main.ts"), "start", "--config", config, "--data", data], {
		cwd: root,
		stdio: "ignore",
	});
	const gone = new Promise((resolve) => child.once("close", resolve));
	await pause(afterMs);
	child.kill("SIGKILL");
	await gone;
}
