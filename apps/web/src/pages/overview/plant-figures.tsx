import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { sense } from "../../data/clients.ts";
import { live } from "../../data/live.ts";
import { Kpi, KpiStrip } from "../../parts/panel.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import type { Plant } from "./group-by-place.ts";

const recentMs = 30_000;

/** Only what is measured: assets in order, tags alive, values a second, and the way from machine to eye. */
export function PlantFigures({ plant }: { plant: Plant }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(1000);
	const connections = useQuery({
		queryKey: ["sense", "connections"],
		queryFn: ({ signal }) => sense.connections({}, { signal }),
		enabled: may("sense.connections"),
		refetchInterval: 3000,
	});
	const { counts } = plant;
	const list = connections.data?.connections ?? [];
	const connected = list.filter((each) => each.state === "connected").length;
	const wanted = list.filter((each) => each.state !== "disabled").length;
	const p99 = live.meter.quantile(0.99, now - recentMs);
	const p50 = live.meter.quantile(0.5, now - recentMs);
	const inOrder = counts.assets - counts.abnormal - counts.stale - counts.disconnected;
	return (
		<KpiStrip>
			<Kpi
				label={t("overview.inOrder")}
				value={format.count(Math.max(0, inOrder))}
				unit={t("overview.of", { count: counts.assets, number: format.count(counts.assets) })}
				note={
					counts.abnormal + counts.stale + counts.disconnected === 0
						? t("overview.allInOrder")
						: [
								counts.abnormal > 0 ? t("overview.abnormal", { count: counts.abnormal }) : "",
								counts.stale > 0 ? t("overview.stale", { count: counts.stale }) : "",
								counts.disconnected > 0 ? t("overview.notConnected", { count: counts.disconnected }) : "",
							]
								.filter(Boolean)
								.join(" · ")
				}
				{...(counts.abnormal > 0
					? { tone: plant.assets.some((asset) => asset.severity === "critical") ? "critical" : "high" }
					: {})}
			/>
			{connections.data ? (
				<>
					<Kpi
						label={t("overview.connections")}
						value={format.count(connected)}
						unit={t("overview.of", { count: wanted, number: format.count(wanted) })}
						note={t("overview.tagsGood", {
							count: list.reduce((sum, each) => sum + each.tags, 0),
							good: format.count(list.reduce((sum, each) => sum + each.good, 0)),
							all: format.count(list.reduce((sum, each) => sum + each.tags, 0)),
						})}
					/>
					<Kpi
						label={t("overview.valuesPerSecond")}
						value={format.rate(list.reduce((sum, each) => sum + each.valuesPerSecond, 0))}
						unit="1/s"
						note={t("overview.requestsPerSecond", {
							number: format.rate(list.reduce((sum, each) => sum + each.requestsPerSecond, 0)),
						})}
					/>
				</>
			) : null}
			<Kpi
				label={t("overview.machineToScreen")}
				value={Number.isNaN(p99) ? "–" : format.value(Math.max(0, p99), 0)}
				unit="ms"
				note={Number.isNaN(p50) ? t("overview.noFrames") : t("overview.p50", { time: format.duration(Math.max(0, p50)) })}
			/>
		</KpiStrip>
	);
}
