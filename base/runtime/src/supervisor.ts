import { asMillwrightError, type Clock, type Log, type Timer } from "@millwright/core";
import { type Backoff, createBackoff } from "./backoff.ts";
import type { Health, Part } from "./part.ts";

export interface SupervisedPart {
	part: Part;
	/** Without it there is no product: its failure to start stops everything. Others are tried again. */
	essential?: boolean;
}

interface Kept extends SupervisedPart {
	state: "idle" | "running" | "failed";
	reason: string;
	hint: string | undefined;
	backoff: Backoff;
	timer: Timer | undefined;
}

export interface Supervisor {
	start(): Promise<void>;
	/** In reverse order; each part gets `stopWithinMs`, then is left behind and named in the log. */
	stop(): Promise<void>;
	health(): ({ part: string } & Health)[];
	restart(name: string): Promise<void>;
}

/** Parts with a life: started in order, stopped in reverse, those that fail tried again without an end. */
export function createSupervisor({
	parts,
	log,
	clock,
	stopWithinMs = 10_000,
}: {
	parts: readonly SupervisedPart[];
	log: Log;
	clock: Clock;
	stopWithinMs?: number;
}): Supervisor {
	const kept = parts.map(
		(entry): Kept => ({
			...entry,
			state: "idle",
			reason: "",
			hint: undefined,
			backoff: createBackoff({ first: 1000, longest: 60_000 }),
			timer: undefined,
		}),
	);
	let stopping = false;

	async function run(entry: Kept): Promise<void> {
		try {
			await entry.part.start();
			entry.state = "running";
			entry.backoff.reset();
		} catch (thrown) {
			const error = asMillwrightError(thrown, `${entry.part.name}.start-failed`);
			entry.state = "failed";
			entry.reason = error.message;
			entry.hint = error.hint;
			if (entry.essential) throw error;
			if (stopping) return;
			const wait = entry.backoff.next();
			log.error(`${entry.part.name} did not start; trying again`, {
				code: error.code,
				reason: error.message,
				hint: error.hint,
				inMs: Math.round(wait),
			});
			entry.timer = clock.after(wait, () => void run(entry));
		}
	}

	async function end(entry: Kept): Promise<void> {
		entry.timer?.cancel();
		if (entry.state !== "running") return;
		entry.state = "idle";
		let late: Timer | undefined;
		const deadline = new Promise<"late">((resolve) => {
			late = clock.after(stopWithinMs, () => resolve("late"));
		});
		try {
			if ((await Promise.race([entry.part.stop(), deadline])) === "late")
				log.error(`${entry.part.name} did not stop in time`, { afterMs: stopWithinMs });
		} catch (thrown) {
			log.error(`${entry.part.name} failed while stopping`, { reason: asMillwrightError(thrown).message });
		} finally {
			late?.cancel();
		}
	}

	async function stop(): Promise<void> {
		stopping = true;
		for (const entry of kept.slice().reverse()) await end(entry);
	}

	return {
		async start() {
			stopping = false;
			try {
				for (const entry of kept) await run(entry);
			} catch (error) {
				await stop();
				throw error;
			}
		},
		stop,
		health: () =>
			kept.map((entry) => {
				const about = { part: entry.part.name };
				if (entry.state === "running") return { ...about, ...(entry.part.health?.() ?? { state: "good" as const }) };
				return {
					...about,
					state: "failing" as const,
					reason: entry.reason || "not running",
					...(entry.hint ? { hint: entry.hint } : {}),
				};
			}),
		async restart(name) {
			const entry = kept.find((other) => other.part.name === name);
			if (!entry) return;
			await end(entry);
			await run(entry);
		},
	};
}
