import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { type Clock, clockFrom } from "./clock.ts";

export interface ClockControl {
	clock: Clock;
	/** Follows the present with a window of this length. */
	follow(window: string): void;
	/** Stands still. */
	show(ends: { from: number; until: number }): void;
}

/** The clock in the address of the page: shared by every chart, kept when the page changes, sent with a link. */
export function useClock(): ClockControl {
	const { range, from, until } = useSearch({ strict: false });
	const navigate = useNavigate();
	return useMemo(() => {
		const go = (next: { range?: string; from?: number; until?: number }): void =>
			void navigate({
				to: ".",
				search: (search: Record<string, unknown>) =>
					({ ...search, range: undefined, from: undefined, until: undefined, ...next }) as never,
				replace: true,
				resetScroll: false,
			});
		return {
			clock: clockFrom({ range, from, until }),
			follow: (window) => go({ range: window }),
			show: (ends) => go({ from: Math.round(ends.from), until: Math.round(ends.until) }),
		};
	}, [range, from, until, navigate]);
}
