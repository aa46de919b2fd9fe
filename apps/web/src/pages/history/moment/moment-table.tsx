import type { TagState } from "@millwright/twin/api";
import { useTranslation } from "react-i18next";
import { AnalogBar } from "../../../parts/analog-bar.tsx";
import { CardTable } from "../../../parts/card-table.tsx";
import { QualityWord } from "../../../parts/quality.tsx";
import { showValue, trustOf } from "../../../parts/show-value.ts";
import { unitLabel } from "../../../parts/unit-label.ts";
import { useFormat } from "../../../parts/use-format.ts";
import type { ShownTag } from "./use-moment.ts";

/** Value beside its normal, quality and age of every tag, as of then. */
export function MomentTable({ tags, shown, at }: { tags: TagState[]; shown: ReadonlyMap<string, ShownTag>; at: number }) {
	const { t } = useTranslation();
	const format = useFormat();
	return (
		<CardTable label={t("moment.title")} className="two moment-table">
			<thead>
				<tr>
					<th>{t("asset.tag")}</th>
					<th>{t("moment.besideNormal")}</th>
					<th className="number">{t("asset.value")}</th>
					<th>{t("moment.quality")}</th>
					<th className="number">{t("moment.age")}</th>
				</tr>
			</thead>
			<tbody>
				{tags.map((tag) => {
					const held = shown.get(tag.tag);
					const away = !held || trustOf(held.quality) === "bad";
					return (
						<tr key={tag.tag} className={away ? "away" : held.fresh ? "fresh" : undefined}>
							<td title={tag.tag}>{format.words(tag.title)}</td>
							<td className="moment-bar-cell absent">
								<AnalogBar tag={tag} value={typeof held?.value === "number" ? held.value : null} away={away} wide />
							</td>
							<td className="number">
								<span className="moment-value">
									{held ? showValue(held.value, tag, format) : "–"} <span className="unit">{unitLabel(tag.unit)}</span>
								</span>
							</td>
							<td>{held ? <QualityWord quality={held.quality} /> : <span className="third">{t("moment.nothingYet")}</span>}</td>
							<td className="number second">
								{held ? format.duration(Math.max(0, Math.round((at - held.at) / 1000) * 1000)) : "–"}
							</td>
						</tr>
					);
				})}
			</tbody>
		</CardTable>
	);
}
