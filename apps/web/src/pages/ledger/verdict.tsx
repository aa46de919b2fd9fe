import type { HistoryClient } from "@millwright/history/api";
import type { SenseClient } from "@millwright/sense/api";
import { useTranslation } from "react-i18next";
import { Kpi, KpiStrip } from "../../parts/panel.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { evennessOf } from "./evenness.ts";

type Ledger = Awaited<ReturnType<SenseClient["ledger"]>>;
export type Numbers = Awaited<ReturnType<HistoryClient["integrity"]>>["connections"];

/** The one sentence first, then what it rests on. */
export function Verdict({
	ledger: { connections, total, since, longestOutageMs },
	integrity,
}: {
	ledger: Ledger;
	integrity: Numbers | undefined;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(60_000);
	const missing = integrity?.reduce((sum, one) => sum + one.missing, 0) ?? 0;
	const underWay = Math.max(0, total.sent - total.stored - total.expired);
	const even = Object.entries(connections).every(([name, ledger]) => evennessOf(name, ledger) !== "uneven");
	const verdict = total.expired > 0 ? "lost" : even ? "nothingLost" : "uneven";
	return (
		<KpiStrip>
			<Kpi
				label={t("proof.verdict")}
				value={t(`proof.verdicts.${verdict}`)}
				note={t("ledger.since", { time: format.moment(since, now) })}
				{...(verdict === "nothingLost" ? {} : { tone: "critical" })}
			/>
			<Kpi
				label={t("ledger.sent")}
				value={format.count(total.sent)}
				note={t("proof.readNote", { read: format.count(total.read), made: format.count(total.made) })}
			/>
			<Kpi
				label={t("ledger.stored")}
				value={format.count(total.stored)}
				note={t("proof.underWay", { number: format.count(underWay) })}
			/>
			<Kpi
				label={t("ledger.lostTwice")}
				value={`${format.count(total.expired)} · ${format.count(total.duplicate)}`}
				note={t("proof.lostNote")}
				{...(total.expired > 0 ? { tone: "critical" } : {})}
			/>
			<Kpi
				label={t("proof.missing")}
				value={integrity ? format.count(missing) : "–"}
				note={missing > 0 ? t("proof.missingNote") : t("proof.noneMissing")}
				{...(missing > 0 ? { tone: "high" } : {})}
			/>
			<Kpi
				label={t("ledger.longestOutage")}
				value={longestOutageMs > 0 ? format.duration(longestOutageMs) : "–"}
				note={longestOutageMs > 0 ? t("proof.bridged") : t("ledger.noOutage")}
			/>
		</KpiStrip>
	);
}
