import { clearance, Role } from "@millwright/core";
import { useTranslation } from "react-i18next";
import { Panel } from "../../parts/panel.tsx";
import { ScrollText } from "../../parts/scroll-text.tsx";
import { rights } from "./rights.ts";

/** What each role may see and do; read from the contracts, so that it cannot say something else than the server does. */
export function RolesTab() {
	const { t } = useTranslation();
	return (
		<Panel title={t("users.tab.roles")} note={t("users.rolesNote")} flush>
			<ScrollText className="table-scroll" label={t("users.tab.roles")}>
				<table className="table">
					<thead>
						<tr>
							<th>{t("users.role")}</th>
							<th>{t("users.sees")}</th>
							<th>{t("users.does")}</th>
						</tr>
					</thead>
					<tbody>
						{Role.options.map((role) => (
							<tr key={role}>
								<td className="strong">{t(`role.${role}`)}</td>
								<td>{t("users.upTo", { dataClass: t(`dataClass.${clearance[role]}`) })}</td>
								<td className="second">
									{rights(role)
										.map((name) => t(`deed.${name.replace(".", "-")}`, { defaultValue: name }))
										.join(" · ") || t("users.readsOnly")}
								</td>
							</tr>
						))}
					</tbody>
				</table>
			</ScrollText>
		</Panel>
	);
}
