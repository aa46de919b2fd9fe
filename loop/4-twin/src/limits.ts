import { isGood, msFromNanos, type Nanos } from "@millwright/core";
import type { LimitEvent, Limits } from "./api.ts";
import type { TagModel } from "./model.ts";

type Level = "highHigh" | "high" | "low" | "lowLow";
/** Farthest first: a value beyond highHigh is beyond high too, and only the farthest is told. */
const levels: readonly Level[] = ["highHigh", "lowLow", "high", "low"];
const isHigh = (level: Level) => level === "highHigh" || level === "high";
export const severityOf = (level: Level): "critical" | "high" =>
	level === "highHigh" || level === "lowLow" ? "critical" : "high";

interface Watch {
	active: LimitEvent | undefined;
	/** Beyond a limit, but not yet for its delay. */
	pending: { level: Level; since: Nanos } | undefined;
}

/** Static limits: raised when a good value lies beyond one for its delay, cleared when it is back by its deadband. Times are source times. */
export function createLimitWatch({
	newId,
	raised,
	cleared,
}: {
	newId: () => string;
	raised: (event: LimitEvent) => void;
	cleared: (event: LimitEvent) => void;
}) {
	const watches = new Map<number, Watch>();

	function clear(id: number, watch: Watch, event: LimitEvent, at: Nanos): void {
		watch.active = undefined;
		if (!watch.pending) watches.delete(id);
		cleared({ ...event, clearedAt: Math.max(event.raisedAt, msFromNanos(at)) });
	}

	return {
		/** Compares one value; nothing is judged while its quality is not good. True when the level changed. */
		compare(tag: TagModel, value: number, quality: number, time: Nanos): boolean {
			const { limits, id } = tag;
			if (!limits || !isGood(quality) || Number.isNaN(value)) return false;
			const known = watches.get(id);
			const level = beyond(limits, value, known?.active?.level);
			if (!known && !level) return false;
			const watch = known ?? { active: undefined, pending: undefined };
			watches.set(id, watch);
			const before = watch.active;
			if (before && before.level === level) {
				watch.pending = undefined;
				if (isHigh(level) ? value > before.worst : value < before.worst) watch.active = { ...before, worst: value };
				return false;
			}
			if (!level) {
				watch.pending = undefined;
				if (before) clear(id, watch, before, time);
				else watches.delete(id);
				return before !== undefined;
			}
			if (watch.pending?.level !== level) watch.pending = { level, since: time };
			if (time - watch.pending.since < BigInt(Math.round(limits.onDelayMs * 1e6))) return false;
			const since = watch.pending.since;
			watch.pending = undefined;
			if (before) clear(id, watch, before, time);
			const event: LimitEvent = {
				id: newId(),
				asset: tag.asset.path,
				tag: tag.tag,
				level,
				severity: severityOf(level),
				limit: limits[level] as number,
				value,
				worst: value,
				unit: tag.template.unit,
				raisedAt: msFromNanos(since),
			};
			watch.active = event;
			watches.set(id, watch);
			raised(event);
			return true;
		},
		active: (id: number): LimitEvent | undefined => watches.get(id)?.active,
		allActive: (): LimitEvent[] => [...watches.values()].flatMap(({ active }) => (active ? [active] : [])),
		/** From before a restart; no event is told again. */
		restore(id: number, event: LimitEvent): void {
			watches.set(id, { active: event, pending: undefined });
		},
		/** The tag or its limit is gone or changed: what was raised by it ends now. */
		forget(id: number, at: Nanos): void {
			const watch = watches.get(id);
			if (!watch) return;
			watch.pending = undefined;
			if (watch.active) clear(id, watch, watch.active, at);
			watches.delete(id);
		},
		ids: (): number[] => [...watches.keys()],
	};
}
export type LimitWatch = ReturnType<typeof createLimitWatch>;

/** The farthest limit the value is beyond; the level it is at now is left only past the deadband. */
function beyond(limits: Limits, value: number, now: Level | undefined): Level | undefined {
	for (const level of levels) {
		const limit = limits[level];
		if (limit === undefined) continue;
		// Coming from a level at or beyond this one, the value must come back by the deadband.
		const holds = now !== undefined && isHigh(now) === isHigh(level) && (now === level || now === "highHigh" || now === "lowLow");
		const slack = holds ? limits.deadband : 0;
		if (isHigh(level) ? value > limit - slack : value < limit + slack) return level;
	}
	return undefined;
}
