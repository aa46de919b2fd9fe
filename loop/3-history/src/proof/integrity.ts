import type { SeriesEngine } from "@millwright/core";
import type * as z from "zod";
import type { Integrity } from "../api.ts";

const mostHoles = 100;

/** The numbers themselves, for who wants to see that none is missing. */
export function integrityOf(engine: SeriesEngine, duplicate: (connection: string) => number): z.output<typeof Integrity>[] {
	return engine
		.connections()
		.sort()
		.flatMap((connection) => {
			const ranges = engine.storedRanges(connection);
			const first = ranges[0]?.first;
			const last = ranges.at(-1)?.last;
			if (first === undefined || last === undefined) return [];
			const holes = ranges.slice(1).map((range, i) => ({ first: (ranges[i]?.last ?? 0) + 1, last: range.first - 1 }));
			const missing = holes.reduce((sum, hole) => sum + hole.last - hole.first + 1, 0);
			return [
				{
					connection,
					first,
					last,
					stored: last - first + 1 - missing,
					missing,
					holes: holes.slice(0, mostHoles),
					duplicates: duplicate(connection),
				},
			];
		});
}
