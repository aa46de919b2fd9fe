import { useTranslation } from "react-i18next";
import { Panel } from "../../parts/panel.tsx";

const terms = [
	"read",
	"made",
	"filtered",
	"rejected",
	"sent",
	"buffered",
	"stored",
	"duplicate",
	"expired",
	"numbers",
	"covered",
] as const;

/** What each word means, which sums must hold, and how to check them without us. */
export function Definitions() {
	const { t } = useTranslation();
	return (
		<Panel title={t("proof.meaning")}>
			<div className="stack">
				<p className="mono">{t("proof.sumRead")}</p>
				<p className="mono">{t("proof.sumStored")}</p>
				<dl className="definitions">
					{terms.map((term) => (
						<div key={term}>
							<dt className="strong">{t(`proof.column.${term}`)}</dt>
							<dd className="second">{t(`proof.means.${term}`)}</dd>
						</div>
					))}
				</dl>
				<p className="second">{t("proof.check")}</p>
			</div>
		</Panel>
	);
}
