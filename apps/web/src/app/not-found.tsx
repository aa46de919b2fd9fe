import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { PageHead } from "../parts/page-head.tsx";
import { Panel } from "../parts/panel.tsx";
import { Empty } from "../parts/states.tsx";

export function NotFound() {
	const { t } = useTranslation();
	return (
		<div className="page">
			<PageHead title={t("state.noPage")} />
			<Panel>
				<Empty title={t("state.noPageHint")} action={<Link to="/">{t("nav.overview")}</Link>} />
			</Panel>
		</div>
	);
}
