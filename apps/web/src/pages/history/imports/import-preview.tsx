import type { HistoryClient } from "@millwright/history/api";
import { useTranslation } from "react-i18next";
import { CardTable } from "../../../parts/card-table.tsx";
import { SeverityMark } from "../../../parts/severity.tsx";
import { useFormat } from "../../../parts/use-format.ts";

type Preview = Awaited<ReturnType<HistoryClient["previewImport"]>>;
const mostTags = 50;
const mostProblems = 10;

/** What an import would add: tags with their spans, what is there already, and what cannot be read. */
export function ImportPreview({ preview }: { preview: Preview }) {
	const { t } = useTranslation();
	const format = useFormat();
	const overlapping = preview.tags.reduce((sum, tag) => sum + tag.overlapping, 0);
	return (
		<div className="stack">
			<ul className="stack" style={{ gap: 4 }}>
				<li>
					{t("import.wouldAdd", {
						rows: format.count(preview.rows),
						tags: format.count(preview.tags.length),
						count: preview.tags.length,
					})}
				</li>
				{overlapping > 0 ? (
					<li className="row">
						<SeverityMark severity="medium" />
						{t("import.overlaps", { number: format.count(overlapping) })}
					</li>
				) : null}
				{preview.leftOut.length > 0 ? (
					<li className="second">
						{t("import.leftOut", {
							names: preview.leftOut
								.slice(0, 8)
								.map(({ from }) => from)
								.join(", "),
						})}
					</li>
				) : null}
				{preview.refused > 0 ? (
					<li className="row">
						<SeverityMark severity="high" />
						{t("import.refused", { number: format.count(preview.refused) })}
					</li>
				) : null}
				{preview.problems.slice(0, mostProblems).map((problem) => (
					<li key={`${problem.row}${problem.code}${problem.message}`} className="second">
						{problem.row === undefined ? "" : `${t("import.row", { number: problem.row })} `}
						{problem.message} <span className="mono third">{problem.code}</span>
					</li>
				))}
			</ul>
			{preview.tags.length > 0 ? (
				<CardTable label={t("import.tags")}>
					<thead>
						<tr>
							<th>{t("asset.tag")}</th>
							<th className="number">{t("history.samples")}</th>
							<th>{t("storage.span")}</th>
							<th className="number">{t("import.there")}</th>
						</tr>
					</thead>
					<tbody>
						{preview.tags.slice(0, mostTags).map((tag) => (
							<tr key={tag.tag}>
								<td className="mono">
									{tag.tag} {tag.known ? null : <span className="third">{t("import.new")}</span>}
								</td>
								<td className="number">{format.count(tag.rows)}</td>
								<td className="second">
									{format.dateTime(tag.first)} – {format.dateTime(tag.last)}
								</td>
								<td className="number">{format.count(tag.overlapping)}</td>
							</tr>
						))}
					</tbody>
				</CardTable>
			) : null}
		</div>
	);
}
