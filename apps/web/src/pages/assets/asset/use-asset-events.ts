import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSession } from "../../../app/session.tsx";
import { twin } from "../../../data/clients.ts";
import { endsOf } from "../../../parts/trend/clock.ts";
import { useClock } from "../../../parts/trend/use-clock.ts";

/** Limits raised and cleared in the window the charts show. */
export function useAssetEvents(asset: string) {
	const { may } = useSession();
	const { clock } = useClock();
	return useQuery({
		queryKey: ["twin", "limits", asset, clock],
		queryFn: ({ signal }) => {
			const { from, until } = endsOf(clock, Date.now());
			return twin.limitEvents({ asset, from, until: clock.live ? until + 1000 : until, limit: 500 }, { signal });
		},
		enabled: may("twin.limitEvents"),
		refetchInterval: clock.live ? 10_000 : false,
		placeholderData: keepPreviousData,
	});
}
