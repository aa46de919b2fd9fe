import { useTranslation } from "react-i18next";
import { CardTable } from "../../../parts/card-table.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import type { Storage } from "./types.ts";

export function TierTable({ tiers }: { tiers: Storage["tiers"] }) {
	const { t } = useTranslation();
	const format = useFormat();
	return (
		<Panel title={t("storage.tiers")} flush>
			<CardTable label={t("storage.tiers")}>
				<thead>
					<tr>
						<th>{t("storage.tierName")}</th>
						<th className="number">{t("history.samples")}</th>
						<th className="number">{t("history.size")}</th>
						<th className="number">{t("storage.perSample")}</th>
						<th>{t("storage.span")}</th>
					</tr>
				</thead>
				<tbody>
					{tiers.map((tier) => (
						<tr key={tier.tier}>
							<td>
								<span className="strong">{t(`storage.tier.${tier.tier}`)}</span>
								<br />
								<span className="third">{t(`storage.tierNote.${tier.tier}`)}</span>
							</td>
							<td className="number">{format.count(tier.rows)}</td>
							<td className="number">{format.bytes(tier.bytes)}</td>
							<td className="number">{tier.rows > 0 ? format.value(tier.bytesPerSample, 1) : "–"}</td>
							<td className="second">
								{tier.oldest !== undefined && tier.newest !== undefined
									? `${format.date(tier.oldest)} – ${format.date(tier.newest)}`
									: "–"}
							</td>
						</tr>
					))}
				</tbody>
			</CardTable>
		</Panel>
	);
}
