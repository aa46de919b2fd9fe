import {
	type Call,
	type Clock,
	type DataClass,
	msFromNanos,
	nanosFromMs,
	type SeriesEngine,
	type SeriesTier,
	type TagDirectory,
} from "@millwright/core";
import type { Config, ConfigChange, ConfigEdit, Health } from "@millwright/runtime";
import type { History, StorageSettings } from "../api.ts";
import { forecastOf } from "./forecast.ts";
import type { Housekeeping } from "./housekeeping.ts";
import { longestKeep, retentionGroups } from "./retention.ts";

type StorageService = Pick<History, "storage" | "tidy" | "previewStorage" | "applyStorage">;
type Policy = Parameters<History["previewStorage"]>[0];

const tierNames: readonly SeriesTier[] = ["hot", "cold", "brought"];
const mostDays = 400;
const everything = { from: -(2n ** 62n), until: 2n ** 62n };

/** What the history takes, and what is kept how long. */
export function createStorageService({
	engine,
	engineName,
	housekeeping,
	config,
	settings,
	directory,
	dataClassOf,
	diskOf,
	health,
	clock,
}: {
	engine: SeriesEngine;
	engineName: string;
	housekeeping: Housekeeping;
	config: Config;
	settings(): StorageSettings;
	directory: TagDirectory;
	dataClassOf(tag: string): DataClass;
	/** Of the disk the history lies on; undefined where it lies elsewhere. */
	diskOf(): Promise<{ freeBytes: number; totalBytes: number } | undefined>;
	health(): Health;
	clock: Clock;
}): StorageService {
	const groupsOf = ({ retention, keep }: Pick<Policy, "retention" | "keep">) =>
		retentionGroups({ rules: retention, keep, directory, dataClassOf });

	const editsOf = ({ retention, keep, budgetBytes, whenFull }: Policy): ConfigEdit[] => [
		{ path: ["history", "storage", "retention"], value: retention.map((rule) => ({ ...rule, keep: written(rule.keep) })) },
		{ path: ["history", "storage", "keep"], value: written(keep) },
		{ path: ["history", "storage", "budgetBytes"], value: budgetBytes },
		{ path: ["history", "storage", "whenFull"], value: whenFull },
	];

	/** Rows each finite group would lose at the next run. */
	async function forgetsOf(policy: Policy, call?: Call) {
		const { oldest } = await engine.figures();
		const found: { rule: number; tags: number; rows: number; until: number }[] = [];
		for (const { rule, keep, tags } of groupsOf(policy)) {
			if (keep === null || tags.length === 0) continue;
			const until = clock.nowMs() - keep;
			const end = nanosFromMs(until);
			let rows = 0;
			if (oldest !== undefined && oldest < end) {
				const counts = await engine.aggregate({
					tags,
					range: { from: oldest, until: end },
					bucket: end - oldest,
					functions: ["count"],
					signal: call?.signal,
				});
				for (const { columns } of counts.values()) rows += columns.count?.reduce((a, b) => a + b, 0) ?? 0;
			}
			found.push({ rule, tags: tags.length, rows, until });
		}
		return found;
	}

	async function previewOf(policy: Policy, made: ConfigChange, call?: Call) {
		const forgets = await forgetsOf(policy, call);
		const rows = forgets.reduce((sum, one) => sum + one.rows, 0);
		const { bytes } = await engine.figures();
		const over = policy.budgetBytes !== null && bytes > policy.budgetBytes ? bytes - policy.budgetBytes : 0;
		return {
			diff: made.diff,
			effects: [
				rows > 0
					? `${rows} samples are older than they are to be kept: the next run forgets them for good.`
					: "No sample is forgotten now.",
				...(over > 0
					? [
							policy.whenFull === "forget-oldest"
								? `The history is ${Math.ceil(over / 1e6)} MB over the budget: the oldest days are forgotten for good.`
								: `The history is ${Math.ceil(over / 1e6)} MB over the budget; nothing is forgotten for that, health says so.`,
						]
					: []),
			],
			problems: made.problems,
			forgets,
			revision: made.revision,
		};
	}

	return {
		async storage() {
			const [figures, days, disk] = await Promise.all([engine.figures(), engine.days({ range: everything }), diskOf()]);
			const policy = settings();
			const groups = groupsOf(policy);
			const cold = figures.tiers.cold;
			const state = health();
			const { lastRun, nextRunAt } = housekeeping;
			return {
				engine: engineName,
				tiers: tierNames.flatMap((tier) => {
					const found = figures.tiers[tier];
					if (!found) return [];
					const { rows, bytes, oldest, newest } = found;
					return [
						{
							tier,
							rows,
							bytes,
							bytesPerSample: rows > 0 ? bytes / rows : 0,
							...(oldest === undefined ? {} : { oldest: msFromNanos(oldest) }),
							...(newest === undefined ? {} : { newest: msFromNanos(newest) }),
						},
					];
				}),
				days: days
					.slice(-mostDays)
					.map(({ day, rows, bytes, tier }) => ({ day: msFromNanos(day), rows, bytes: Math.round(bytes), tier })),
				...(disk ? { disk } : {}),
				forecast: forecastOf({
					nowMs: clock.nowMs(),
					days,
					usedBytes: figures.bytes,
					budgetBytes: policy.budgetBytes,
					freeBytes: disk?.freeBytes,
					coldBytesPerSample: cold && cold.rows > 0 ? cold.bytes / cold.rows : undefined,
					longestKeepMs: longestKeep(groups),
				}),
				policy: {
					retention: policy.retention.map((rule, index) => ({ ...rule, covers: groups[index]?.tags.length ?? 0 })),
					keep: policy.keep,
					budgetBytes: policy.budgetBytes,
					whenFull: policy.whenFull,
				},
				running: housekeeping.running,
				...(nextRunAt === undefined ? {} : { nextRunAt }),
				...(lastRun ? { lastRun } : {}),
				state: state.state,
				...(state.reason ? { reason: state.reason } : {}),
				...(state.hint ? { hint: state.hint } : {}),
			};
		},
		tidy: () => housekeeping.run(),
		previewStorage: async (policy, call) => previewOf(policy, config.preview(editsOf(policy)), call),
		async applyStorage({ revision, ...policy }, call) {
			// Told from what is there before: afterwards the next run may have begun.
			const told = await previewOf(policy, config.preview(editsOf(policy)), call);
			const made = await config.apply(editsOf(policy), {
				revision,
				who: call?.principal.name ?? "Millwright",
				...(call?.why === undefined ? {} : { why: call.why }),
			});
			return { ...told, diff: made.diff, problems: made.problems, revision: made.revision };
		},
	};
}

/** As people write it. */
function written(ms: number | null): string | null {
	if (ms === null) return null;
	const units: [string, number][] = [
		["d", 86_400_000],
		["h", 3_600_000],
		["min", 60_000],
		["s", 1000],
	];
	const unit = units.find(([, size]) => ms > 0 && ms % size === 0);
	return unit ? `${ms / unit[1]}${unit[0]}` : `${ms}ms`;
}
