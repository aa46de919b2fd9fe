import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { twin } from "../../../data/clients.ts";
import { Answer } from "../../../parts/states.tsx";
import { AssetEvents } from "./asset-events.tsx";
import { AssetFacts } from "./asset-facts.tsx";
import { AssetHead } from "./asset-head.tsx";
import { AssetTrends } from "./asset-trends.tsx";
import { CycleBudget } from "./cycle-budget.tsx";
import { StateTable } from "./state-table.tsx";
import { useAssetEvents } from "./use-asset-events.ts";
import { useChosenTags } from "./use-chosen-tags.ts";
import "../../../parts/table.css";
import "./asset.css";

/** One machine: what it is, its state vector, its lines over any time, and what went beyond its limits. */
export function AssetPage() {
	const { _splat: path = "" } = useParams({ strict: false });
	const state = useQuery({
		queryKey: ["twin", "state", path],
		queryFn: ({ signal }) => twin.state({ asset: path }, { signal }),
		refetchInterval: 5000,
	});
	const events = useAssetEvents(path);
	const chosen = useChosenTags(state.data);
	return (
		<div className="page">
			<Answer of={state} rows={10}>
				{(asset) => (
					<>
						<AssetHead asset={asset} />
						<div className="asset-columns">
							<div className="stack">
								<StateTable asset={asset} chosen={chosen} />
								<AssetTrends asset={asset} events={events.data?.events ?? []} chosen={chosen} />
							</div>
							<div className="stack">
								<AssetEvents asset={asset} events={events} />
								<AssetFacts asset={asset} />
								<CycleBudget />
							</div>
						</div>
					</>
				)}
			</Answer>
		</div>
	);
}
