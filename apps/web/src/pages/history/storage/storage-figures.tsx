import { useTranslation } from "react-i18next";
import { Kpi, KpiStrip } from "../../../parts/panel.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import type { Storage } from "./types.ts";

const dayMs = 86_400_000;
/** Nearer than this somebody should act. */
const soonDays = 14;

export function StorageFigures({ storage: { tiers, forecast, state, reason } }: { storage: Storage }) {
	const { t } = useTranslation();
	const format = useFormat();
	const perSample = (name: "hot" | "cold"): string => {
		const tier = tiers.find((each) => each.tier === name);
		return tier && tier.rows > 0 ? format.value(tier.bytesPerSample, 1) : "–";
	};
	const { days } = forecast;
	const basis = forecast.wholeDays === 0 ? t("storage.noDay") : t("storage.fromDays", { count: forecast.wholeDays });
	const soon = days !== undefined && days.middle < soonDays;
	const span =
		days?.least !== undefined && days.most !== undefined
			? t("storage.between", { least: format.duration(days.least * dayMs), most: format.duration(days.most * dayMs) })
			: basis;
	return (
		<KpiStrip>
			<Kpi
				label={t("history.size")}
				value={format.bytes(forecast.usedBytes)}
				note={
					forecast.limitBytes > 0
						? t(`storage.limitOf.${forecast.limit}`, { size: format.bytes(forecast.limitBytes) })
						: t("storage.elsewhere")
				}
				{...(state === "good" ? {} : { tone: state === "failing" ? "critical" : "high" })}
			/>
			<Kpi
				label={t("storage.fullIn")}
				value={forecast.steady ? t("storage.never") : days ? format.duration(days.middle * dayMs) : "–"}
				note={forecast.fullAt === undefined ? basis : `${format.date(forecast.fullAt)} · ${span}`}
				{...(soon ? { tone: days.middle < 2 ? "critical" : "high" } : {})}
			/>
			<Kpi
				label={t("storage.aDay")}
				value={forecast.bytesPerDay > 0 ? format.bytes(forecast.bytesPerDay) : "–"}
				note={reason ?? basis}
			/>
			<Kpi
				label={t("storage.perSample")}
				value={perSample("cold")}
				unit={t("storage.bytes")}
				note={t("storage.hotPerSample", { number: perSample("hot") })}
			/>
		</KpiStrip>
	);
}
