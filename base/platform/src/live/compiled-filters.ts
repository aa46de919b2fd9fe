/** MQTT filters as one question about a tag's name; split once, since they are asked of every tag there is. Source: MQTT 5 §4.7. */
export function compileFilters(filters: readonly string[]): (name: string) => boolean {
	const compiled = filters.map((filter) => ({
		/** What stands before the first wildcard settles most comparisons. */
		start: filter.slice(0, Math.max(0, filter.search(/[+#]/) - 1)),
		levels: filter.split("/"),
		hidden: filter.startsWith("$"),
	}));
	return (name) => {
		const hidden = name.startsWith("$");
		let levels: string[] | undefined;
		for (const filter of compiled) {
			if (filter.hidden !== hidden || !name.startsWith(filter.start)) continue;
			levels ??= name.split("/");
			if (fits(filter.levels, levels)) return true;
		}
		return false;
	};
}

function fits(wanted: readonly string[], levels: readonly string[]): boolean {
	for (let i = 0; i < wanted.length; i++) {
		const level = wanted[i];
		if (level === "#") return true;
		if (i >= levels.length || (level !== "+" && level !== levels[i])) return false;
	}
	return wanted.length === levels.length;
}
