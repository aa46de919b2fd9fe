import type { DataClass } from "@millwright/core";
import type { HistoryClient } from "@millwright/history/api";
import type { Policy } from "./types.ts";

const dayMs = 86_400_000;

/** What the form holds: days and gigabytes, as people count them. */
export interface KeepDraft {
	rules: { id: number; text: string; filters: string[]; dataClass: DataClass | undefined; days: number | null }[];
	days: number | null;
	budgetGb: number | null;
	whenFull: Policy["whenFull"];
}

let lastId = 0;

export const newRule = (): KeepDraft["rules"][number] => ({
	id: ++lastId,
	text: "",
	filters: [],
	dataClass: undefined,
	days: 90,
});

const daysOf = (keep: number | null): number | null => (keep === null ? null : keep / dayMs);
const keepOf = (days: number | null): number | null => (days === null ? null : Math.round(days * dayMs));

export const draftOf = ({ retention, keep, budgetBytes, whenFull }: Policy): KeepDraft => ({
	rules: retention.map((rule) => ({
		id: ++lastId,
		text: rule.tags?.join(" ") ?? "",
		filters: rule.tags ?? [],
		dataClass: rule.dataClass,
		days: daysOf(rule.keep),
	})),
	days: daysOf(keep),
	budgetGb: budgetBytes === null ? null : budgetBytes / 1e9,
	whenFull,
});

export const orderOf = ({ rules, days, budgetGb, whenFull }: KeepDraft): Parameters<HistoryClient["previewStorage"]>[0] => ({
	retention: rules.map((rule) => ({
		...(rule.filters.length > 0 ? { tags: rule.filters } : {}),
		...(rule.dataClass ? { dataClass: rule.dataClass } : {}),
		keep: keepOf(rule.days),
	})),
	keep: keepOf(days),
	budgetBytes: budgetGb === null ? null : Math.round(budgetGb * 1e9),
	whenFull,
});
