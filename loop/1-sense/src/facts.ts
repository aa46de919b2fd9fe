import type { TagDirectory } from "@millwright/core";
import type { ConnectionSettings, TagFacts } from "./api.ts";
import { staleAfterOf } from "./connection/tag-state.ts";
import { summarySuffixes } from "./pipeline/summary.ts";
import type { TagPlan } from "./settings/expand.ts";

const numberIn = (record: Readonly<Record<string, unknown>>, key: string): number | undefined => {
	const value = record[key];
	return typeof value === "number" ? value : undefined;
};

/** What other steps may know of a connection's tags, those of summaries among them. */
export function factsOf(
	connection: string,
	settings: ConnectionSettings,
	plans: readonly TagPlan[],
	directory: TagDirectory,
): TagFacts[] {
	const facts: Omit<TagFacts, "id">[] = [];
	for (const { name, address, settings: tag } of plans) {
		const { pass, range, context } = tag.pipeline;
		const everyMs = tag.every ?? settings.every;
		const base = {
			connection,
			kind: tag.kind,
			dataClass: tag.dataClass,
			device: settings.title ?? connection,
			protocol: settings.driver,
			unitId: numberIn(address, "unit") ?? numberIn(settings.settings, "unit"),
			staleAfterMs: quietFor(pass, staleAfterOf(everyMs, tag.staleAfter)),
		};
		const shown =
			range && (range.min !== undefined || range.max !== undefined)
				? { ...(range.min === undefined ? {} : { min: range.min }), ...(range.max === undefined ? {} : { max: range.max }) }
				: undefined;
		facts.push({ ...base, tag: name, unit: tag.unit, range: shown, context });
		if (pass.by === "summary")
			for (const suffix of summarySuffixes)
				facts.push({
					...base,
					tag: `${name}.${suffix}`,
					kind: suffix === "count" ? "integer" : "number",
					unit: suffix === "count" ? "1" : tag.unit,
					range: undefined,
					context: undefined,
				});
	}
	const ids = directory.assign(facts.map(({ tag }) => tag));
	return facts.map((fact, at) => ({ ...fact, id: ids[at] as number }));
}

/** A filter may rightly say nothing for long; how long before silence means something, ms. Infinity: this package says it by quality. */
function quietFor(pass: TagPlan["settings"]["pipeline"]["pass"], staleAfterMs: number): number {
	switch (pass.by) {
		case "all":
			return staleAfterMs;
		case "sample":
			return staleAfterMs + pass.every;
		case "summary":
			return staleAfterMs + pass.window + 2000;
		default:
			return pass.atLeastEvery === undefined ? Number.POSITIVE_INFINITY : staleAfterMs + pass.atLeastEvery;
	}
}
