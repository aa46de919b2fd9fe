import { isBad, isGood, Quality } from "@millwright/core";
import type { ConnectionSettings, ConnectionState, ConnectionStatus, Ledger } from "../api.ts";
import type { TagPlan } from "../settings/expand.ts";
import type { ConnectionFigures } from "./figures.ts";
import { isUnheard, type TagState } from "./tag-state.ts";
import { targetOf } from "./target.ts";

/** Where a connection stands, and why. */
export interface Standing {
	state: ConnectionState;
	reason: string | undefined;
	hint: string | undefined;
	/** Wall ms at which it entered the state. */
	since: number;
	nextTryAt: number | undefined;
	reconnects: number;
}

/** A connection as it is shown. */
export function statusOf({
	name,
	settings,
	plans,
	tags,
	standing,
	figures,
	lastGoodAgeMs,
	ledger,
}: {
	name: string;
	settings: ConnectionSettings;
	plans: readonly TagPlan[];
	/** None before the driver is loaded. */
	tags: readonly TagState[];
	standing: Standing;
	figures: ConnectionFigures;
	lastGoodAgeMs: number | undefined;
	ledger: Ledger;
}): ConnectionStatus {
	let good = 0;
	let stale = 0;
	let bad = 0;
	let lastGoodAt: number | undefined;
	for (const { pipeline, goodAtMs } of tags) {
		const { quality } = pipeline.now;
		if (goodAtMs !== undefined && (lastGoodAt === undefined || goodAtMs > lastGoodAt)) lastGoodAt = goodAtMs;
		if (isUnheard(quality) || isBad(quality)) bad++;
		else if (isGood(quality)) good++;
		else stale += quality === Quality.uncertainStale ? 1 : 0;
	}
	const { requests, failures, values, polls, late } = figures;
	const { state, reason, hint, since, nextTryAt, reconnects } = standing;
	const asked = polls.sum();
	return {
		connection: name,
		title: settings.title ?? name,
		driver: settings.driver,
		target: targetOf(settings.settings),
		state,
		...(reason === undefined ? {} : { reason }),
		...(hint === undefined ? {} : { hint }),
		since,
		...(lastGoodAt === undefined ? {} : { lastGoodAt: Math.floor(lastGoodAt) }),
		...(lastGoodAgeMs === undefined ? {} : { lastGoodAgeMs: Math.round(lastGoodAgeMs) }),
		...(nextTryAt === undefined ? {} : { nextTryAt }),
		tags: plans.length,
		good,
		stale,
		bad: !settings.enabled ? 0 : plans.length === tags.length ? bad : plans.length,
		requestsPerSecond: requests.perSecond(),
		valuesPerSecond: values.perSecond(),
		latency: latencyOf(figures),
		failures,
		reconnects,
		lateShare: asked > 0 ? Math.min(1, late.sum() / asked) : 0,
		ledger,
	};
}

/** A machine that sends by itself is hardly ever asked; the time of those few requests says nothing about its values. */
function latencyOf({ isSending, arrivals, latency }: ConnectionFigures): ConnectionStatus["latency"] {
	if (!isSending && latency.count > 0) return { of: "request", p50: latency.quantile(0.5), p99: latency.quantile(0.99) };
	const ages = isSending ? arrivals.ages() : undefined;
	return ages ? { of: "arrival", ...ages } : { of: "nothing", p50: 0, p99: 0 };
}

/**
 * Since a tag of these last had a good value, ms; undefined when none ever had. A subscribed value that stands still is as young
 * as the last sign that it is still watched.
 */
export function lastGoodAge(
	tags: readonly TagState[],
	aliveAt: ((tag: TagState) => number) | undefined,
	steadyMs: number,
): number | undefined {
	let newest = Number.NEGATIVE_INFINITY;
	for (const tag of tags) {
		newest = Math.max(newest, tag.goodHeardAt);
		const { quality } = tag.pipeline.now;
		if (aliveAt && !isUnheard(quality) && isGood(quality)) newest = Math.max(newest, aliveAt(tag));
	}
	return Number.isFinite(newest) ? Math.max(0, steadyMs - newest) : undefined;
}
