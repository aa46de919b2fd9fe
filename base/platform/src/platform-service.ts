import { availableParallelism, totalmem } from "node:os";
import type { Clock } from "@millwright/core";
import type { Platform } from "./api.ts";
import { overall, type PartHealth } from "./health.ts";

const megabyte = 1_000_000;

/** What the process says about itself. */
export function createPlatform({
	version,
	clock,
	health,
}: {
	version: string;
	clock: Clock;
	health: () => readonly PartHealth[];
}): Pick<Platform, "health" | "about"> {
	const startedAt = clock.nowMs();
	return {
		async health() {
			const parts = [...health()];
			return { state: overall(parts), parts };
		},
		async about() {
			return {
				version,
				startedAt,
				now: clock.nowMs(),
				machine: {
					platform: `${process.platform} ${process.arch}`,
					node: process.version,
					cores: availableParallelism(),
					memoryMb: Math.round(totalmem() / megabyte),
					residentMb: Math.round(process.memoryUsage.rss() / megabyte),
				},
			};
		},
	};
}
