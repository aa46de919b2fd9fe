import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { namespace } from "../../data/namespace-client.ts";
import { CardTable } from "../../parts/card-table.tsx";
import { Kpi, KpiStrip, Panel } from "../../parts/panel.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { titleFromName } from "../../parts/words.ts";

/** Who is on the broker, what they listen to, and whose queue fills. */
export function MqttClients() {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const clients = useQuery({
		queryKey: ["namespace", "clients"],
		queryFn: ({ signal }) => namespace.clients({}, { signal }),
		refetchInterval: 3000,
	});
	return (
		<Answer of={clients}>
			{(data) => (
				<div className="stack">
					{Object.keys(data.figures).length > 0 ? (
						<KpiStrip>
							{Object.entries(data.figures).map(([name, value]) => (
								<Kpi
									key={name}
									label={t(`mqtt.${name}`, { defaultValue: titleFromName(name.replace(/([A-Z])/g, " $1").toLowerCase()) })}
									value={format.short(value)}
								/>
							))}
						</KpiStrip>
					) : null}
					<Panel title={t("namespace.clients")} note={String(data.clients.length)} flush>
						{data.clients.length === 0 ? (
							<Empty title={t("namespace.noClients")}>{t("namespace.noClientsHint")}</Empty>
						) : (
							<CardTable label={t("namespace.clients")} className="two">
								<thead>
									<tr>
										<th>{t("client.id")}</th>
										<th>{t("client.who")}</th>
										<th>{t("client.from")}</th>
										<th>{t("client.since")}</th>
										<th>{t("client.subscriptions")}</th>
										<th className="number">{t("client.queued")}</th>
										<th className="number">{t("client.dropped")}</th>
										<th className="number">{t("client.received")}</th>
										<th className="number">{t("client.sent")}</th>
									</tr>
								</thead>
								<tbody>
									{data.clients.map((client) => (
										<tr key={client.id}>
											<td className="mono">{client.id}</td>
											<td>{client.principal}</td>
											<td className="mono second">
												{client.address} · {client.protocol} {client.version}
											</td>
											<td className="second">{format.moment(client.connectedAt, now)}</td>
											<td className="mono client-topics">{client.subscriptions.join(", ")}</td>
											<td className="number">{format.bytes(client.queuedBytes)}</td>
											<td className="number">
												<span className={client.dropped > 0 ? "severity high" : undefined}>{format.count(client.dropped)}</span>
											</td>
											<td className="number">{format.count(client.received)}</td>
											<td className="number">{format.count(client.sent)}</td>
										</tr>
									))}
								</tbody>
							</CardTable>
						)}
					</Panel>
				</div>
			)}
		</Answer>
	);
}
