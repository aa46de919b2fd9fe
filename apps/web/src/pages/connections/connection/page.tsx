import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { sense } from "../../../data/clients.ts";
import { PageHead } from "../../../parts/page-head.tsx";
import { Fact, Kpi, KpiStrip, Panel } from "../../../parts/panel.tsx";
import { Age } from "../../../parts/quality.tsx";
import { Answer } from "../../../parts/states.tsx";
import { useFormat, useNow } from "../../../parts/use-format.ts";
import { ConnectionReason, ConnectionStateWord } from "../connection-state.tsx";
import { Latency } from "../latency.tsx";
import { Freshness } from "../list/connection-row.tsx";
import { ConnectionActions } from "./connection-actions.tsx";
import { TagList } from "./tag-list.tsx";

const ledgerLines = [
	"read",
	"made",
	"filtered",
	"rejected",
	"sent",
	"received",
	"stored",
	"buffered",
	"duplicate",
	"expired",
] as const;

/** One connection: how it is, what it brings, what became of every value, and what can be done about it. */
export function ConnectionPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(5000);
	const { connection = "" } = useParams({ strict: false });
	const asked = useQuery({
		queryKey: ["sense", "connection", connection],
		queryFn: ({ signal }) => sense.connection({ connection }, { signal }),
		refetchInterval: 2000,
	});
	return (
		<div className="page">
			<Answer of={asked} rows={8}>
				{({ status, settings }) => (
					<>
						<PageHead
							title={status.title || status.connection}
							note={
								<>
									<Link to="/connections">{t("connections.title")}</Link> · <ConnectionStateWord status={status} />
								</>
							}
						>
							{may("sense.applyChange") ? <ConnectionActions status={status} settings={settings} /> : null}
						</PageHead>
						{status.reason ? (
							<Panel>
								<ConnectionReason status={status} />
							</Panel>
						) : null}
						<KpiStrip>
							<Kpi
								label={t("connections.lastGood")}
								value={<Age at={status.lastGoodAt} />}
								note={t("connections.sinceState", { time: format.moment(status.since, now) })}
							/>
							<Kpi
								label={t("connections.rate")}
								value={format.rate(status.valuesPerSecond)}
								unit="1/s"
								note={t("overview.requestsPerSecond", { number: format.rate(status.requestsPerSecond) })}
							/>
							<Kpi
								label={t("connections.latency")}
								value={<Latency latency={status.latency} unit={false} />}
								unit={status.latency.of === "nothing" ? undefined : "ms"}
								note={t("connections.late", { share: format.percent(status.lateShare) })}
							/>
							<Kpi
								label={t("connections.failures")}
								value={format.count(status.failures)}
								note={t("connections.reconnects", { count: status.reconnects, number: format.count(status.reconnects) })}
							/>
						</KpiStrip>
						<div className="connection-columns">
							<TagList connection={connection} />
							<div className="stack">
								<Panel title={t("connections.freshness")}>
									<Freshness status={status} />
								</Panel>
								<Panel title={t("ledger.title")}>
									<dl>
										{ledgerLines.map((line) => (
											<Fact
												key={line}
												name={line === "buffered" ? t("ledger.underWay") : t(`ledger.${line}`)}
												quiet={line === "filtered" || line === "buffered"}
											>
												<span className={line === "expired" && status.ledger.expired > 0 ? "severity-text critical" : undefined}>
													{format.count(status.ledger[line])}
												</span>
											</Fact>
										))}
									</dl>
								</Panel>
								<Panel title={t("connections.facts")}>
									<dl>
										<Fact name={t("connections.driver")}>{status.driver}</Fact>
										<Fact name={t("connections.target")}>{status.target}</Fact>
										<Fact name={t("connections.name")}>{status.connection}</Fact>
									</dl>
								</Panel>
							</div>
						</div>
					</>
				)}
			</Answer>
		</div>
	);
}
