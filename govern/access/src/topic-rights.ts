import { isFilter, MillwrightError, matchesFilter } from "@millwright/core";

const mostFilters = 200;
const longestFilter = 512;

/** Does every topic that `wanted` matches also match `allowed`? Source of the matching rules: MQTT 5 §4.7. */
export function covers(allowed: string, wanted: string): boolean {
	if (allowed.startsWith("$") !== wanted.startsWith("$")) return false;
	// A topic has at least one level, so "+/#" is as wide as "#".
	if (allowed === "+/#") return true;
	const wide = allowed.split("/");
	const narrow = wanted.split("/");
	for (let i = 0; i < wide.length; i++) {
		const level = wide[i];
		if (level === "#") return true;
		const other = narrow[i];
		if (other === undefined || other === "#") return false;
		if (level === "+") continue;
		if (other !== level) return false;
	}
	return wide.length === narrow.length;
}

/** The filter inside a shared subscription `$share/<group>/<filter>`; other filters as they are. Source: MQTT 5 §4.8.2. */
export function unsharedFilter(filter: string): string {
	if (!filter.startsWith("$share/")) return filter;
	const cut = filter.indexOf("/", "$share/".length);
	return cut < 0 ? "" : filter.slice(cut + 1);
}

export const mayUseTopic = (filters: readonly string[], topic: string): boolean =>
	filters.some((filter) => matchesFilter(filter, topic));

export function maySubscribeTo(filters: readonly string[], wanted: string): boolean {
	const inner = unsharedFilter(wanted);
	return isFilter(inner) && filters.some((filter) => covers(filter, inner));
}

export function checkFilters(filters: readonly string[], place: string): string[] {
	if (filters.length > mostFilters)
		throw new MillwrightError("access.filters-too-many", `${filters.length} topic filters, more than ${mostFilters}`, {
			kind: "input",
			hint: "Use wildcards: + for one level, # for the rest.",
			place,
		});
	for (const filter of filters)
		if (!isFilter(filter) || filter.length > longestFilter || filter.startsWith("$share/"))
			throw new MillwrightError("access.filter-invalid", `"${filter.slice(0, 80)}" is not an MQTT topic filter`, {
				kind: "input",
				hint: "Write levels with / between them, + for one level, # alone at the end; at most 512 characters.",
				place,
			});
	return [...new Set(filters)];
}
