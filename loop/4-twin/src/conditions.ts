import { isGood } from "@millwright/core";
import type { Condition } from "./api.ts";
import type { LimitWatch } from "./limits.ts";
import type { AssetModel } from "./model.ts";
import type { State } from "./state.ts";

export interface Judgement {
	condition: Condition;
	severity: "critical" | "high" | undefined;
}

/** What an asset looks like from its tags: nothing good is disconnected, something not good is stale, beyond a limit is abnormal. */
export function judge(asset: AssetModel, state: State, limits: LimitWatch): Judgement {
	let [good, measured] = [0, 0];
	let severity: Judgement["severity"];
	for (const tag of asset.tags) {
		const event = limits.active(tag.id);
		if (event) severity = event.severity === "critical" || severity === "critical" ? "critical" : "high";
		// A derived tag is only as present as its inputs, so it does not vote.
		if (tag.derived) continue;
		measured++;
		if (isGood(state.quality(tag.id))) good++;
	}
	if (good === 0) return { condition: "disconnected", severity };
	if (severity) return { condition: "abnormal", severity };
	return { condition: good < measured ? "stale" : "good", severity: undefined };
}
