import { useTranslation } from "react-i18next";
import { CardTable } from "../../parts/card-table.tsx";
import { useFormat } from "../../parts/use-format.ts";
import type { Gateway } from "./types.ts";

/** Sent there, stored here: connection by connection, with the numbers that are not here yet. */
export function GatewayConnections({ connections }: { connections: Gateway["connections"] }) {
	const { t } = useTranslation();
	const format = useFormat();
	return (
		<CardTable label={t("edges.connections")} className="two">
			<thead>
				<tr>
					<th>{t("edges.connection")}</th>
					<th>{t("edges.mode")}</th>
					<th className="number">{t("ledger.sent")}</th>
					<th className="number">{t("ledger.stored")}</th>
					<th className="number">{t("edges.waits")}</th>
					<th className="number">{t("edges.missing")}</th>
					<th className="number">{t("ledger.expired")}</th>
				</tr>
			</thead>
			<tbody>
				{connections.map((one) => (
					<tr key={one.connection}>
						<td className="mono">{one.connection}</td>
						<td className="second">
							{t(`edges.modes.${one.mode}`)} · {t("edges.priority", { number: one.priority })}
						</td>
						<td className="number">{format.count(one.ledger.sent)}</td>
						<td className="number">{format.count(one.ledger.stored)}</td>
						<td className="number">{format.count(one.backlogRows)}</td>
						<td
							className={`number${one.missing > 0 ? " lost" : ""}`}
							title={one.gaps.map(({ first, last }) => `${first}–${last}`).join(", ")}
						>
							{format.count(one.missing)}
						</td>
						<td className={`number${one.ledger.expired > 0 ? " lost" : ""}`}>{format.count(one.ledger.expired)}</td>
					</tr>
				))}
			</tbody>
		</CardTable>
	);
}
