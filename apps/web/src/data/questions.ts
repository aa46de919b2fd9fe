import { MillwrightError } from "@millwright/core";
import { QueryClient } from "@tanstack/react-query";

/** Whoever is told that the session has ended shows the sign-in; set once by the gate. */
const ended = new Set<() => void>();

export function onSessionEnded(run: () => void): () => void {
	ended.add(run);
	return () => ended.delete(run);
}

const mayTryAgain = (error: unknown): boolean =>
	!(error instanceof MillwrightError) || error.kind === "outage" || error.kind === "busy";

export const questions = new QueryClient({
	defaultOptions: {
		queries: {
			staleTime: 2_000,
			gcTime: 120_000,
			retry: (failures, error) => failures < 2 && mayTryAgain(error),
			refetchOnWindowFocus: true,
		},
	},
});

const watchForEnd = (error: unknown): void => {
	if (error instanceof MillwrightError && error.kind === "unauthenticated") for (const run of ended) run();
};
questions.getQueryCache().config.onError = watchForEnd;
questions.getMutationCache().config.onError = watchForEnd;
