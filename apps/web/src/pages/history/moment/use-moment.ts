import { qualityName } from "@millwright/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { history } from "../../../data/history-client.ts";
import { createReplay, type Held } from "./replay.ts";

const frameMs = 100;
const pageRows = 5000;
/** Of a question for samples. */
const mostTags = 50;

export interface ShownTag extends Omit<Held, "quality"> {
	quality: string;
	/** Changed in the frame on screen. */
	fresh: boolean;
}

/** What tags said at a moment, and a player that goes on from there as it happened. */
export function useMoment({ tags, at, until, onAt }: { tags: string[]; at: number; until: number; onAt: (at: number) => void }) {
	const [speed, setSpeed] = useState(10);
	const [playing, setPlaying] = useState(false);
	const [waiting, setWaiting] = useState(false);
	const [error, setError] = useState<unknown>();
	const [played, setPlayed] = useState<ReadonlyMap<string, ShownTag>>(new Map());
	const asked = useMemo(() => tags.slice(0, mostTags), [tags]);
	// A player's own movements do not ask anew: what changes comes with the replay.
	const [start, setStart] = useState(at);
	if (!playing && start !== at) setStart(at);
	const held = useQuery({
		queryKey: ["history", "at", asked, start],
		queryFn: ({ signal }) => history.at({ tags: asked, time: start }, { signal }),
		placeholderData: keepPreviousData,
		staleTime: 60_000,
		enabled: asked.length > 0,
	});
	const latest = useRef({ speed, onAt, at });
	useEffect(() => {
		latest.current = { speed, onAt, at };
	});
	useEffect(() => {
		if (!playing) return;
		const from = latest.current.at;
		const replay = createReplay({
			tags: asked,
			from,
			until,
			ask: (after) =>
				history.replay({
					tags: asked,
					from,
					until,
					limit: pageRows,
					...(after === undefined ? {} : { after }),
				}),
		});
		let before = performance.now();
		const timer = setInterval(() => {
			const now = performance.now();
			try {
				const step = replay.step((now - before) * latest.current.speed);
				setWaiting(step.state === "waiting");
				setPlayed((last) => {
					const next = new Map([...last].map(([tag, one]) => [tag, one.fresh ? { ...one, fresh: false } : one]));
					for (const [tag, one] of step.changed) next.set(tag, { ...one, quality: qualityName(one.quality), fresh: true });
					return next;
				});
				latest.current.onAt(step.at);
				if (step.state === "ended") setPlaying(false);
			} catch (problem) {
				setError(problem);
				setPlaying(false);
			}
			before = now;
		}, frameMs);
		return () => clearInterval(timer);
	}, [playing, asked, until]);

	const shown = new Map<string, ShownTag>();
	for (const one of held.data?.tags ?? []) shown.set(one.tag, { ...one, fresh: false });
	for (const [tag, one] of played) shown.set(tag, one);
	return {
		held,
		shown,
		speed,
		setSpeed,
		playing,
		waiting: playing && waiting,
		error,
		play(): void {
			setError(undefined);
			setPlaying(true);
		},
		pause: (): void => setPlaying(false),
		/** Somebody chose another moment: what was played no longer counts. */
		forget(): void {
			setPlaying(false);
			setPlayed(new Map());
		},
	};
}
