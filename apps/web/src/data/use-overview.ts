import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useSession } from "../app/session.tsx";
import { twin } from "./clients.ts";
import { live } from "./live.ts";

const everyMs = 10_000;
/** Events come in flocks; one question answers them all. */
const gatherMs = 300;

/** Every place and asset with its condition; one question for the sidebar, the header and the overview. */
export function useOverview() {
	const { may } = useSession();
	return useQuery({
		queryKey: ["twin", "overview"],
		queryFn: ({ signal }) => twin.overview({}, { signal }),
		enabled: may("twin.overview"),
		refetchInterval: everyMs,
	});
}

/** Limits beyond now. */
export function useActiveLimits() {
	const { may } = useSession();
	return useQuery({
		queryKey: ["twin", "limits", "active"],
		queryFn: ({ signal }) => twin.limitEvents({ active: true, limit: 200 }, { signal }),
		enabled: may("twin.limitEvents"),
		refetchInterval: everyMs,
	});
}

/** Asks anew when the twin or a connection says that something changed. Used once, by the shell. */
export function useTwinEvents(): void {
	const questions = useQueryClient();
	const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
	useEffect(() => {
		const keys = new Set<string>();
		const soon = (key: string): void => {
			keys.add(key);
			timer.current ??= setTimeout(() => {
				timer.current = undefined;
				for (const each of keys) void questions.invalidateQueries({ queryKey: [each] });
				keys.clear();
			}, gatherMs);
		};
		const stops = [live.onEvent("twin.*", () => soon("twin")), live.onEvent("sense.*", () => soon("sense"))];
		return () => {
			for (const stop of stops) stop();
			clearTimeout(timer.current);
			timer.current = undefined;
		};
	}, [questions]);
}
