import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { history } from "../../data/history-client.ts";
import { live } from "../../data/live.ts";
import { type Clock, endsOf } from "./clock.ts";
import { type Line, Tail } from "./tail.ts";

export interface TrendLine {
	tag: string;
	unit: string;
	line: Line;
	tail: Tail | undefined;
	reduced: boolean;
	samples: number;
}

/** Enough for a wide screen at twice its pixels; the server keeps the extremes. */
const pointsFor = (): number =>
	Math.max(400, Math.min(4000, Math.round(window.innerWidth * Math.min(2, devicePixelRatio) * 1.2)));

const refetchMs = (clock: Clock): number | false =>
	clock.live ? Math.max(5_000, Math.min(120_000, clock.lengthMs / 120)) : false;

/** The lines of some tags in the clock's window; in live mode with everything that arrives since, between two questions. */
export function useTrend(tags: string[], clock: Clock) {
	const key = tags.join("|");
	// biome-ignore lint/correctness/useExhaustiveDependencies: one tail a tag, renewed with the list of tags
	const tails = useMemo(() => new Map(tags.map((tag) => [tag, new Tail()])), [key]);

	const asked = useQuery({
		queryKey: ["history", "trend", key, clock.live ? clock.lengthMs : [clock.from, clock.until]],
		queryFn: async ({ signal }) => {
			const { from, until } = endsOf(clock, Date.now() + 1000);
			const answer = await history.trend({ tags, from, until, points: pointsFor() }, { signal });
			return { ...answer, from, until };
		},
		enabled: tags.length > 0,
		placeholderData: keepPreviousData,
		refetchInterval: refetchMs(clock),
		staleTime: clock.live ? 0 : 60_000,
	});

	useEffect(() => {
		if (!clock.live) return;
		const stops = [...tails].map(([tag, tail]) => live.tap(tag, (at, value, quality) => tail.add(at, value, quality)));
		return () => {
			for (const stop of stops) stop();
		};
	}, [tails, clock.live]);

	const lines = useMemo<TrendLine[]>(() => {
		if (!asked.data) return [];
		return asked.data.series.map((series) => {
			const tail = tails.get(series.tag);
			const last = series.times.at(-1);
			if (tail && last !== undefined) tail.coverUntil(last);
			return {
				tag: series.tag,
				unit: series.unit,
				line: { times: series.times, values: series.values, quality: series.quality },
				tail: clock.live ? tail : undefined,
				reduced: series.reduced,
				samples: series.samples,
			};
		});
	}, [asked.data, tails, clock.live]);

	return { asked, lines };
}
