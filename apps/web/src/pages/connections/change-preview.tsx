import type { ConfigPreview } from "@millwright/sense/api";
import { useTranslation } from "react-i18next";
import { DiffView } from "../../parts/diff-view.tsx";
import { SeverityMark } from "../../parts/severity.tsx";

/** What a change would do: problems first, effects in words, then the lines of the file. */
export function ChangePreview({ preview }: { preview: ConfigPreview }) {
	const { t } = useTranslation();
	return (
		<div className="stack">
			{preview.problems.length > 0 ? (
				<ul className="stack" role="alert">
					{preview.problems.map((problem) => (
						<li
							key={`${problem.code}${problem.place ?? ""}${problem.message}`}
							className="row"
							style={{ alignItems: "flex-start" }}
						>
							<SeverityMark severity="high" />
							<span>
								<span className="strong">{problem.message}</span>{" "}
								{problem.place ? <span className="mono second">{problem.place}</span> : null}
								{problem.hint ? <span className="second"> {problem.hint}</span> : null}
							</span>
						</li>
					))}
				</ul>
			) : null}
			<ul className="effects" aria-label={t("diff.effects")}>
				{preview.effects.map((effect) => (
					<li key={effect}>{effect}</li>
				))}
			</ul>
			<DiffView diff={preview.diff} />
		</div>
	);
}
