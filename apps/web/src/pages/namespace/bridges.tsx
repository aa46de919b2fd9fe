import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { namespace } from "../../data/namespace-client.ts";
import { CardTable } from "../../parts/card-table.tsx";
import { Panel } from "../../parts/panel.tsx";
import { SeverityMark } from "../../parts/severity.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";

/** Bridges to other brokers: whether the other side is there, what went over, what waits. */
export function Bridges() {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const bridges = useQuery({
		queryKey: ["namespace", "bridges"],
		queryFn: ({ signal }) => namespace.bridges({}, { signal }),
		refetchInterval: 3000,
	});
	return (
		<Answer of={bridges}>
			{(data) => (
				<Panel title={t("namespace.bridges")} note={t("namespace.bridgesNote")} flush>
					{data.bridges.length === 0 ? (
						<Empty title={t("namespace.noBridges")}>{t("namespace.noBridgesHint")}</Empty>
					) : (
						<CardTable label={t("namespace.bridges")} className="two">
							<thead>
								<tr>
									<th>{t("bridge.name")}</th>
									<th>{t("history.state")}</th>
									<th className="number">{t("bridge.out")}</th>
									<th className="number">{t("bridge.in")}</th>
									<th className="number">{t("bridge.waiting")}</th>
									<th className="number">{t("client.dropped")}</th>
									<th className="number">{t("bridge.refused")}</th>
									<th className="number">{t("bridge.loops")}</th>
								</tr>
							</thead>
							<tbody>
								{data.bridges.map((one) => (
									<tr key={one.name} className={one.state === "away" ? "away" : undefined}>
										<td>
											<span className="strong">{one.name}</span>
											<br />
											<span className="mono third">{one.url}</span>
										</td>
										<td className="whole">
											<span className="row wrap">
												{one.state === "away" ? <SeverityMark severity="high" /> : null}
												{t(`bridge.${one.state}`, { time: format.moment(one.since, now) })}
											</span>
											{one.reason ? <span className="third">{one.reason}</span> : null}
										</td>
										<td className="number">{format.count(one.forwardedOut)}</td>
										<td className="number">{format.count(one.forwardedIn)}</td>
										<td className="number">{format.count(one.waiting)}</td>
										<td className="number">
											<span className={one.dropped > 0 ? "severity high" : undefined}>{format.count(one.dropped)}</span>
										</td>
										<td className="number">{format.count(one.refused)}</td>
										<td className="number">{format.count(one.loops)}</td>
									</tr>
								))}
							</tbody>
						</CardTable>
					)}
				</Panel>
			)}
		</Answer>
	);
}
