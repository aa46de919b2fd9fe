import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { namespace } from "../../data/namespace-client.ts";
import { PageHead } from "../../parts/page-head.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { SecretOnce } from "../users/secret-once.tsx";
import { AdmitForm } from "./admit-form.tsx";
import { FleetFigures } from "./fleet-figures.tsx";
import { GatewayDrawer } from "./gateway-drawer.tsx";
import { GatewayRow } from "./gateway-row.tsx";
import "../../parts/table.css";
import "./edges.css";

/** The boxes beside the machines: who is there, whose clock is right, what waits to come up. */
export function EdgesPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const questions = useQueryClient();
	const [admitting, setAdmitting] = useState(false);
	const [open, setOpen] = useState<string>();
	const [secret, setSecret] = useState<{ gateway: string; key: string }>();
	const gateways = useQuery({
		queryKey: ["namespace", "gateways"],
		queryFn: ({ signal }) => namespace.gateways({}, { signal }),
		refetchInterval: 3000,
	});
	const again = (): Promise<void> => questions.invalidateQueries({ queryKey: ["namespace", "gateways"] });
	return (
		<div className="page">
			<PageHead title={t("nav.edges")} note={t("edges.note")}>
				{may("namespace.admitGateway") ? (
					<Button leftSection={<IconPlus size={14} />} onClick={() => setAdmitting(true)}>
						{t("edges.admit")}
					</Button>
				) : null}
			</PageHead>
			<Answer of={gateways} rows={6}>
				{(data) =>
					data.gateways.length === 0 ? (
						<Panel>
							<Empty title={t("edges.none")}>{t("edges.noneHint")}</Empty>
						</Panel>
					) : (
						<div className="stack">
							<FleetFigures gateways={data.gateways} />
							<Panel title={t("edges.all")} flush>
								<div className="table-scroll">
									<table className="table">
										<thead>
											<tr>
												<th>{t("edges.gateway")}</th>
												<th>{t("users.state")}</th>
												<th className="number">{t("edges.values")}</th>
												<th className="number">{t("edges.backlog")}</th>
												<th className="number">{t("edges.uplink")}</th>
												<th className="number">{t("edges.clock")}</th>
												<th className="number">{t("edges.missing")}</th>
												<th className="number">{t("edges.refused")}</th>
											</tr>
										</thead>
										<tbody>
											{data.gateways.map((gateway) => (
												<GatewayRow key={gateway.gateway} gateway={gateway} onOpen={() => setOpen(gateway.gateway)} />
											))}
										</tbody>
									</table>
								</div>
							</Panel>
						</div>
					)
				}
			</Answer>
			{open === undefined ? null : (
				<GatewayDrawer
					gateway={open}
					onClose={() => setOpen(undefined)}
					onChanged={again}
					onKey={(key) => setSecret({ gateway: open, key })}
				/>
			)}
			{admitting ? (
				<AdmitForm
					onClose={() => setAdmitting(false)}
					onMade={(gateway, key) => {
						setAdmitting(false);
						setSecret({ gateway, key });
						void again();
					}}
				/>
			) : null}
			{secret ? (
				<SecretOnce title={t("edges.keyOf", { name: secret.gateway })} secret={secret.key} onClose={() => setSecret(undefined)} />
			) : null}
		</div>
	);
}
