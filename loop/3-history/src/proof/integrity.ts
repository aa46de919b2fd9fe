import { SequenceSet, type SeriesEngine } from "@millwright/core";
import type * as z from "zod";
import type { Integrity } from "../api.ts";

const mostHoles = 100;
/** "twin:press", "line-1/summary:press". */
const derivedName = /(^|\/)[a-z]+:/;
const summaryOf = (connection: string): string => connection.replace(/([^/]*)$/, "summary:$1");

/** The numbers themselves, for who wants to see that none is missing. */
export function integrityOf(engine: SeriesEngine, duplicate: (connection: string) => number): z.output<typeof Integrity>[] {
	return engine
		.connections()
		.sort()
		.flatMap((connection) => {
			const derived = derivedName.test(connection);
			const own = engine.storedRanges(connection);
			// A gateway that sends summaries has the samples themselves only where somebody asked for them.
			const ranges = derived ? own : new SequenceSet([...own, ...engine.storedRanges(summaryOf(connection))]).ranges();
			const first = ranges[0]?.first;
			const last = ranges.at(-1)?.last;
			if (first === undefined || last === undefined) return [];
			const holes = derived
				? []
				: ranges.slice(1).map((range, i) => ({ first: (ranges[i]?.last ?? 0) + 1, last: range.first - 1 }));
			return [
				{
					connection,
					derived,
					first,
					last,
					stored: own.reduce((sum, range) => sum + range.last - range.first + 1, 0),
					missing: holes.reduce((sum, hole) => sum + hole.last - hole.first + 1, 0),
					holes: holes.slice(0, mostHoles),
					duplicates: duplicate(connection),
				},
			];
		});
}
