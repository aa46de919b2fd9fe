import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { sense } from "../../../data/clients.ts";
import { PageHead } from "../../../parts/page-head.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { Answer, Empty } from "../../../parts/states.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import { Certificates } from "../certificates.tsx";
import { ConnectionRow } from "./connection-row.tsx";
import "../../../parts/table.css";

/** Every connection with its health, freshness, latency and ledger; certificates that wait for a decision come first. */
export function ConnectionsPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const connections = useQuery({
		queryKey: ["sense", "connections"],
		queryFn: ({ signal }) => sense.connections({}, { signal }),
		refetchInterval: 2000,
	});
	const list = connections.data?.connections ?? [];
	const addButton = may("sense.applyChange") ? (
		<Button component={Link} to="/connections/add" leftSection={<IconPlus size={15} />}>
			{t("add.title")}
		</Button>
	) : undefined;
	return (
		<div className="page">
			<PageHead
				title={t("connections.title")}
				note={
					connections.data
						? t("connections.sum", {
								count: list.length,
								tags: format.count(list.reduce((sum, each) => sum + each.tags, 0)),
								rate: format.rate(list.reduce((sum, each) => sum + each.valuesPerSecond, 0)),
							})
						: undefined
				}
			>
				{addButton}
			</PageHead>
			{may("sense.certificates") ? <Certificates waitingOnly hideWhenEmpty /> : null}
			<Panel flush>
				<Answer of={connections} rows={8}>
					{(data) =>
						data.connections.length === 0 ? (
							<Empty title={t("connections.none")} action={addButton}>
								{t("overview.emptyHint")}
							</Empty>
						) : (
							<div className="table-scroll">
								<table className="table connections">
									<thead>
										<tr>
											<th>{t("connections.connection")}</th>
											<th>{t("connections.state")}</th>
											<th>{t("connections.lastGood")}</th>
											<th>{t("connections.freshness")}</th>
											<th className="number">{t("connections.latency")}</th>
											<th className="number">{t("connections.rate")}</th>
											<th className="number">{t("ledger.sent")}</th>
											<th className="number">{t("ledger.stored")}</th>
											<th className="number">{t("ledger.expired")}</th>
										</tr>
									</thead>
									<tbody>
										{data.connections.map((status) => (
											<ConnectionRow key={status.connection} status={status} />
										))}
									</tbody>
								</table>
							</div>
						)
					}
				</Answer>
			</Panel>
			{may("sense.certificates") ? <Certificates hideWhenEmpty /> : null}
		</div>
	);
}
