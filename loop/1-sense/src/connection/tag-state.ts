import { type Driver, isGood, type Nanos, Quality, type TagDirectory, type Value } from "@millwright/core";
import type { ConnectionSettings } from "../api.ts";
import type { LaneTally, TagTally } from "../ledger.ts";
import { createPipeline, type TagPipeline } from "../pipeline/pipeline.ts";
import { summarySuffixes } from "../pipeline/summary.ts";
import type { Lane } from "../ring/lane.ts";
import type { TagPlan } from "../settings/expand.ts";

/** One tag at work. */
export interface TagState {
	readonly plan: TagPlan;
	readonly id: number;
	/** As the driver's schema made it; undefined where it did not fit. */
	readonly address: unknown;
	/** The address in the device's own notation. */
	readonly description: string;
	/** Why it can never be read; it is not asked for. */
	readonly problem: string | undefined;
	readonly everyMs: number;
	readonly staleAfterMs: number;
	readonly pipeline: TagPipeline;
	readonly tally: TagTally;
	/** Steady ms of the last answer about it, good or not. */
	heardAt: number;
	/** Source time of the newest good value, ms. */
	goodAtMs: number | undefined;
	/** Steady ms at which it was heard. */
	goodHeardAt: number;
	/** The device's word when the newest quality is not good. */
	reason: string | undefined;
}

/** Why it is not good, in the words of a person; the device's own come first. */
export const staleAfterOf = (everyMs: number, given: number | undefined): number => given ?? Math.max(5000, everyMs * 3);

/** The tags of a connection; one that does not fit is isolated with its reason and the others run. */
export function createTags({
	plans,
	settings,
	driver,
	directory,
	tally,
}: {
	plans: readonly TagPlan[];
	settings: ConnectionSettings;
	driver: Driver;
	directory: TagDirectory;
	tally: LaneTally;
}): TagState[] {
	const summaries = plans.map(({ name, settings: { pipeline } }) =>
		pipeline.pass.by === "summary" ? summarySuffixes.map((suffix) => `${name}.${suffix}`) : [],
	);
	const ids = directory.assign([...plans.map(({ name }) => name), ...summaries.flat()]);
	let extra = plans.length;
	return plans.map((plan, at) => {
		const id = ids[at] as number;
		const suffixes = summaries[at] as string[];
		const [min, max, stddev, count] = suffixes.map(() => ids[extra++] as number) as [number, number, number, number];
		const parsed = driver.address.safeParse(plan.address);
		let problem = parsed.success
			? undefined
			: `The address does not fit: ${parsed.error.issues.map(({ message, path }) => `${path.join(".")} ${message}`.trim()).join("; ")}`;
		const tallied = tally.of(id);
		const { pipeline: stages, kind, unit } = plan.settings;
		const make = (pipeline: typeof stages) =>
			createPipeline({
				settings: pipeline,
				kind,
				unit,
				tags: { id, ...(suffixes.length > 0 ? { summary: { mean: id, min, max, stddev, count } } : {}) },
				counts: tallied,
			});
		let pipeline: TagPipeline;
		try {
			pipeline = make(stages);
		} catch (thrown) {
			problem ??= thrown instanceof Error ? thrown.message : String(thrown);
			pipeline = make({ scale: 1, offset: 0, pass: { by: "all" } });
		}
		const everyMs = Math.max(1, plan.settings.every ?? settings.every);
		let description = JSON.stringify(plan.address);
		if (parsed.success) {
			try {
				description = driver.describe(parsed.data);
			} catch {
				// Only for people; the raw address does.
			}
		}
		return {
			plan,
			id,
			address: parsed.success ? parsed.data : undefined,
			description,
			problem,
			everyMs,
			staleAfterMs: staleAfterOf(everyMs, plan.settings.staleAfter),
			pipeline,
			tally: tallied,
			heardAt: Number.NEGATIVE_INFINITY,
			goodAtMs: undefined,
			goodHeardAt: Number.NEGATIVE_INFINITY,
			reason: undefined,
		};
	});
}

/** Puts readings through the tags' pipelines into the lane, and counts. */
export function createIntake(lane: Lane) {
	const { counts } = lane;
	/** What the tag counted since, the connection counts too. */
	function count(tally: TagTally, read: number, filtered: number, rejected: number, made: number): void {
		counts.read += tally.read - read;
		counts.filtered += tally.filtered - filtered;
		counts.rejected += tally.rejected - rejected;
		counts.made += tally.made - made;
		lane.settle();
	}

	return {
		/** `steadyMs` is when it was heard; `ms` is `time` in ms. */
		take(
			tag: TagState,
			value: Value,
			time: Nanos,
			ms: number,
			quality: Quality,
			reason: string | undefined,
			steadyMs: number,
		): void {
			const { tally, pipeline } = tag;
			const { read, filtered, rejected, made } = tally;
			tag.heardAt = steadyMs;
			pipeline.take(time, ms, value, quality, lane);
			count(tally, read, filtered, rejected, made);
			if (isGood(pipeline.now.quality)) {
				tag.goodAtMs = ms;
				tag.goodHeardAt = steadyMs;
				tag.reason = undefined;
			} else tag.reason = reason;
		},
		/** The newest value under another quality, unless it has it already. */
		mark(tag: TagState, time: Nanos, ms: number, quality: Quality, reason: string): void {
			if (tag.pipeline.now.quality === quality) return;
			const { read, filtered, rejected, made } = tag.tally;
			tag.reason = reason;
			tag.pipeline.mark(time, ms, quality, lane);
			count(tag.tally, read, filtered, rejected, made);
		},
		flush(tag: TagState, nowMs: number, end = false): void {
			if (!tag.pipeline.holds) return;
			const { read, filtered, rejected, made } = tag.tally;
			tag.pipeline.flush(nowMs, lane, end);
			count(tag.tally, read, filtered, rejected, made);
		},
		readAt: (ms: number): void => lane.readAt(ms),
	};
}
export type Intake = ReturnType<typeof createIntake>;

export const isUnheard = (quality: Quality): boolean => quality === -1;
export const mayTurnStale = (quality: Quality): boolean =>
	quality >= 0 && quality < Quality.bad && quality !== Quality.uncertainStale;
