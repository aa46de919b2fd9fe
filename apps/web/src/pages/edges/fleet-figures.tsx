import { useTranslation } from "react-i18next";
import { Kpi, KpiStrip } from "../../parts/panel.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import type { Gateway } from "./types.ts";

const sum = (gateways: readonly Gateway[], of: (gateway: Gateway) => number): number =>
	gateways.reduce((total, gateway) => total + of(gateway), 0);

export function FleetFigures({ gateways }: { gateways: readonly Gateway[] }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const known = gateways.filter(({ state }) => state !== "revoked");
	const here = known.filter(({ state }) => state === "connected");
	const connected = here.length;
	const away = known.filter(({ state }) => state === "away").length;
	const backlog = sum(here, ({ backlogRows }) => backlogRows);
	const oldest = Math.min(...here.flatMap(({ oldestAt }) => (oldestAt === undefined ? [] : [oldestAt])));
	const missing = sum(known, ({ connections }) => connections.reduce((all, { missing: one }) => all + one, 0));
	const skewed = here.filter((gateway) => gateway.skewed).length;
	return (
		<KpiStrip>
			<Kpi
				label={t("edges.connected")}
				value={format.count(connected)}
				unit={t("overview.of", { number: format.count(known.length) })}
				note={
					away > 0
						? t("edges.someAway", { count: away })
						: connected === known.length
							? t("edges.allThere")
							: t("edges.notStarted", { count: known.length - connected })
				}
				{...(away > 0 ? { tone: "high" } : {})}
			/>
			<Kpi
				label={t("edges.values")}
				value={format.rate(sum(here, ({ valuesPerSecond }) => valuesPerSecond))}
				unit="/s"
				note={t("edges.bytes", { size: format.bytes(sum(here, ({ bytesPerSecond }) => bytesPerSecond)) })}
			/>
			<Kpi
				label={t("edges.backlog")}
				value={away > 0 && backlog === 0 ? "–" : format.short(backlog)}
				note={
					backlog > 0 && Number.isFinite(oldest)
						? t("edges.oldest", { time: format.duration(Math.max(0, now - oldest)) })
						: t(away > 0 ? "edges.awayWaits" : "edges.nothingWaits")
				}
			/>
			<Kpi
				label={t("edges.missing")}
				value={format.count(missing)}
				note={missing > 0 ? t("edges.askedAgain") : t("proof.noneMissing")}
				{...(missing > 0 ? { tone: "high" } : {})}
			/>
			<Kpi
				label={t("edges.clock")}
				value={connected === 0 ? "–" : skewed === 0 ? t("edges.clocksRight") : format.count(skewed)}
				note={connected === 0 ? undefined : t(skewed === 0 ? "edges.clocksNote" : "edges.clocksWrong")}
				{...(skewed === 0 ? {} : { tone: "high" })}
			/>
		</KpiStrip>
	);
}
