import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { history } from "../../data/history-client.ts";
import { Kpi, KpiStrip } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";

/** What the history holds, and whether it keeps up. */
export function HistoryFigures() {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(5000);
	const figures = useQuery({
		queryKey: ["history", "figures"],
		queryFn: ({ signal }) => history.figures({}, { signal }),
		enabled: may("history.figures"),
		refetchInterval: 5000,
	});
	if (!may("history.figures")) return null;
	return (
		<Answer of={figures} rows={2}>
			{(held) => (
				<KpiStrip>
					<Kpi
						label={t("history.samples")}
						value={format.short(held.rows)}
						note={
							held.oldest === undefined ? t("history.nothingYet") : t("history.since", { time: format.moment(held.oldest, now) })
						}
					/>
					<Kpi
						label={t("history.size")}
						value={format.bytes(held.bytes)}
						note={t("history.perSample", { number: format.value(held.bytesPerSample, 1) })}
					/>
					<Kpi
						label={t("history.queue")}
						value={format.count(held.queued)}
						note={t("history.flush", { time: format.duration(held.lastFlushMs) })}
					/>
					<Kpi
						label={t("history.state")}
						value={t(`history.states.${held.state}`)}
						note={held.reason ?? held.engine}
						{...(held.state === "failing" ? { tone: "critical" } : held.state === "behind" ? { tone: "high" } : {})}
					/>
				</KpiStrip>
			)}
		</Answer>
	);
}
