import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Empty } from "../parts/states.tsx";

export function NotFound() {
	const { t } = useTranslation();
	return (
		<Empty title={t("state.noPage")} action={<Link to="/">{t("nav.overview")}</Link>}>
			{t("state.noPageHint")}
		</Empty>
	);
}
