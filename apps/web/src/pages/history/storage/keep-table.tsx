import { useTranslation } from "react-i18next";
import { CardTable } from "../../../parts/card-table.tsx";
import { SeverityMark } from "../../../parts/severity.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import type { Policy } from "./types.ts";

/** The rules in the order in which they are asked, and what holds for the rest. */
export function KeepTable({ policy }: { policy: Policy }) {
	const { t } = useTranslation();
	const format = useFormat();
	const length = (keep: number | null): string => (keep === null ? t("storage.forEver") : format.duration(keep));
	return (
		<CardTable label={t("storage.kept")}>
			<thead>
				<tr>
					<th>{t("storage.which")}</th>
					<th>{t("storage.class")}</th>
					<th className="number">{t("storage.tags")}</th>
					<th>{t("storage.keptFor")}</th>
				</tr>
			</thead>
			<tbody>
				{policy.retention.map((rule, index) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: a rule is its place in the list
					<tr key={index}>
						<td className="mono">{rule.tags?.join(", ") ?? t("storage.all")}</td>
						<td>{rule.dataClass ? t(`dataClass.${rule.dataClass}`) : t("storage.any")}</td>
						<td className="number">
							<span title={rule.covers === 0 ? t("storage.fitsNone") : undefined}>
								{rule.covers === 0 ? <SeverityMark severity="medium" /> : null} {format.count(rule.covers)}
							</span>
						</td>
						<td>{length(rule.keep)}</td>
					</tr>
				))}
				<tr>
					<td>{policy.retention.length > 0 ? t("storage.theRest") : t("storage.all")}</td>
					<td>{t("storage.any")}</td>
					<td className="number">–</td>
					<td>{length(policy.keep)}</td>
				</tr>
				<tr>
					<td>{t("storage.budget")}</td>
					<td className="whole" colSpan={2}>
						{policy.budgetBytes === null ? t("storage.noBudget") : format.bytes(policy.budgetBytes)}
					</td>
					<td className={policy.budgetBytes === null ? "absent" : undefined}>
						{policy.budgetBytes === null ? "–" : t(`storage.whenFull.${policy.whenFull}`)}
					</td>
				</tr>
			</tbody>
		</CardTable>
	);
}
