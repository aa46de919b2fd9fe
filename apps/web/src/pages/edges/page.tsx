import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { namespace } from "../../data/namespace-client.ts";
import { CardTable } from "../../parts/card-table.tsx";
import { PageHead } from "../../parts/page-head.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { AdmitForm } from "./admit-form.tsx";
import { FleetFigures } from "./fleet-figures.tsx";
import { GatewayDrawer } from "./gateway-drawer.tsx";
import { GatewayKey } from "./gateway-key.tsx";
import { GatewayRow } from "./gateway-row.tsx";
import { NoGateways } from "./no-gateways.tsx";
import "../../parts/table.css";
import "./edges.css";

/** The boxes beside the machines: who is there, whose clock is right, what waits to come up. */
export function EdgesPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const questions = useQueryClient();
	const mayAdmit = may("namespace.admitGateway");
	const [admitting, setAdmitting] = useState(false);
	const [open, setOpen] = useState<string>();
	const [secret, setSecret] = useState<{ gateway: string; paths: string[]; key: string }>();
	const gateways = useQuery({
		queryKey: ["namespace", "gateways"],
		queryFn: ({ signal }) => namespace.gateways({}, { signal }),
		refetchInterval: 3000,
	});
	const again = (): Promise<void> => questions.invalidateQueries({ queryKey: ["namespace", "gateways"] });
	// The key is shown before the list knows of the gateway.
	const keyed = secret && {
		...secret,
		state: gateways.data?.gateways.find(({ gateway }) => gateway === secret.gateway)?.state ?? ("never-seen" as const),
	};
	return (
		<div className="page">
			<PageHead title={t("nav.edges")} note={t("edges.note")}>
				{mayAdmit && gateways.data && gateways.data.gateways.length > 0 ? (
					<Button leftSection={<IconPlus size={14} />} onClick={() => setAdmitting(true)}>
						{t("edges.admit")}
					</Button>
				) : null}
			</PageHead>
			<Answer of={gateways} rows={6}>
				{(data) =>
					data.gateways.length === 0 ? (
						<NoGateways onAdmit={mayAdmit ? () => setAdmitting(true) : undefined} />
					) : (
						<div className="stack">
							<FleetFigures gateways={data.gateways} />
							<Panel title={t("edges.all")} flush>
								<CardTable label={t("edges.all")} className="two">
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
								</CardTable>
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
					onKey={(key) => setSecret({ gateway: open, paths: [], key })}
				/>
			)}
			{admitting ? (
				<AdmitForm
					onClose={() => setAdmitting(false)}
					onMade={(made) => {
						setAdmitting(false);
						setSecret(made);
						void again();
					}}
				/>
			) : null}
			{keyed ? <GatewayKey gateway={keyed} secret={keyed.key} onClose={() => setSecret(undefined)} /> : null}
		</div>
	);
}
