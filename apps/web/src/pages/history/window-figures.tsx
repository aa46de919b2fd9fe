import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { history } from "../../data/history-client.ts";
import { CardTable } from "../../parts/card-table.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { endsOf } from "../../parts/trend/clock.ts";
import { useClock } from "../../parts/trend/use-clock.ts";
import { unitLabel } from "../../parts/unit-label.ts";
import { useFormat } from "../../parts/use-format.ts";
import { combined } from "./combined.ts";

/** Mean, extremes and counts of each tag over the window on screen. */
export function WindowFigures({ tags }: { tags: string[] }) {
	const { t } = useTranslation();
	const format = useFormat();
	const { clock } = useClock();
	const figures = useQuery({
		queryKey: ["history", "aggregate", tags, clock],
		queryFn: ({ signal }) => {
			const { from, until } = endsOf(clock, Date.now());
			// One bucket as long as the window; buckets are aligned to 1970, so it may be cut in two.
			return history.aggregate(
				{ tags, from, until, bucket: Math.max(1000, until - from), functions: ["countGood", "count", "min", "max", "sum"] },
				{ signal },
			);
		},
		placeholderData: keepPreviousData,
		refetchInterval: clock.live ? 15_000 : false,
	});
	const show = (value: number | undefined): string => (value === undefined ? "–" : format.value(value));
	return (
		<Panel title={t("history.window")} flush>
			<Answer of={figures} rows={3}>
				{(data) => (
					<CardTable label={t("history.window")} className="two">
						<thead>
							<tr>
								<th>{t("asset.tag")}</th>
								<th className="number">{t("history.min")}</th>
								<th className="number">{t("history.mean")}</th>
								<th className="number">{t("history.max")}</th>
								<th>{t("history.unit")}</th>
								<th className="number">{t("history.samples")}</th>
								<th className="number">{t("history.good")}</th>
							</tr>
						</thead>
						<tbody>
							{data.tags.map((each) => {
								const { min, max, mean, count, good } = combined(each.columns);
								return (
									<tr key={each.tag}>
										<td className="mono">{each.tag}</td>
										<td className="number">{show(min)}</td>
										<td className="number">{show(mean)}</td>
										<td className="number">{show(max)}</td>
										<td className="second">{unitLabel(each.unit)}</td>
										<td className="number">{format.count(count)}</td>
										<td className="number">{count === 0 ? "–" : format.percent(good / count)}</td>
									</tr>
								);
							})}
						</tbody>
					</CardTable>
				)}
			</Answer>
		</Panel>
	);
}
