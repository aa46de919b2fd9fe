import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { PageHead } from "../../parts/page-head.tsx";
import { Backups } from "./backups.tsx";
import { Capacity } from "./capacity.tsx";
import { Parts } from "./parts.tsx";
import { SaveDiagnostics } from "./save-diagnostics.tsx";
import "../../parts/table.css";
import "./system.css";

/** This box: how full it is, how its parts are doing, its backups, and what support needs to see. */
export function SystemPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	return (
		<div className="page">
			<PageHead title={t("nav.system")} note={t("system.note")}>
				{may("platform.diagnostics") ? <SaveDiagnostics /> : null}
			</PageHead>
			{may("platform.capacity") ? <Capacity /> : null}
			<Parts />
			{may("platform.backups") ? <Backups /> : null}
		</div>
	);
}
