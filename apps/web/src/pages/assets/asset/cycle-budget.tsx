import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { twin } from "../../../data/clients.ts";
import { Panel } from "../../../parts/panel.tsx";
import { Answer } from "../../../parts/states.tsx";
import { useFormat } from "../../../parts/use-format.ts";

/** Where the time of a twin cycle goes, against its budget. */
export function CycleBudget() {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const stages = useQuery({
		queryKey: ["twin", "stages"],
		queryFn: ({ signal }) => twin.stages({}, { signal }),
		enabled: may("twin.stages"),
		refetchInterval: 5000,
	});
	if (!may("twin.stages")) return null;
	return (
		<Panel
			title={t("budget.title")}
			note={stages.data ? t("budget.of", { time: format.duration(stages.data.budgetMs) }) : undefined}
			flush
		>
			<Answer of={stages} rows={4}>
				{(data) => (
					<table className="table budget">
						<thead>
							<tr>
								<th>{t("budget.stage")}</th>
								<th className="number">50 %</th>
								<th className="number">99 %</th>
								<th className="number">{t("budget.max")}</th>
							</tr>
						</thead>
						<tbody>
							{data.stages.map((stage) => (
								<tr key={stage.stage}>
									<td>{t(`budget.stages.${stage.stage}`)}</td>
									<td className="number">{format.value(stage.p50, 2)}</td>
									<td className={`number${stage.p99 > data.budgetMs ? " severity-text high" : ""}`}>
										{format.value(stage.p99, 2)}
									</td>
									<td className="number">
										{format.value(stage.max, 1)} <span className="unit">ms</span>
									</td>
								</tr>
							))}
						</tbody>
						<caption className="third small">
							{t("budget.cycles", { count: data.cycles, number: format.count(data.cycles), late: format.count(data.late) })}
						</caption>
					</table>
				)}
			</Answer>
		</Panel>
	);
}
