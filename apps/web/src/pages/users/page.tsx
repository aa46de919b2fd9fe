import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { PageHead } from "../../parts/page-head.tsx";
import { KeysTab } from "./keys-tab.tsx";
import { MeTab } from "./me-tab.tsx";
import { PeopleTab } from "./people-tab.tsx";
import { RolesTab } from "./roles-tab.tsx";
import { SessionsTab } from "./sessions-tab.tsx";
import "../../parts/table.css";
import "./users.css";

/** Who may in: people and their roles, keys of programs, open sessions, and one's own account. */
export function UsersPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const navigate = useNavigate();
	const { tab } = useSearch({ strict: false });
	const tabs = [
		...(may("access.people") ? (["people", "roles"] as const) : []),
		...(may("access.keys") ? (["keys"] as const) : []),
		"sessions" as const,
		"me" as const,
	];
	const now = tabs.find((each) => each === tab) ?? tabs[0];
	return (
		<div className="page">
			<PageHead title={t("nav.access")} />
			<Tabs
				value={now ?? null}
				keepMounted={false}
				onChange={(next) => void navigate({ to: "/users", search: next ? { tab: next } : {} })}
			>
				<Tabs.List>
					{tabs.map((each) => (
						<Tabs.Tab key={each} value={each}>
							{t(`users.tab.${each}`)}
						</Tabs.Tab>
					))}
				</Tabs.List>
				<Tabs.Panel value="people" pt={14}>
					<PeopleTab />
				</Tabs.Panel>
				<Tabs.Panel value="roles" pt={14}>
					<RolesTab />
				</Tabs.Panel>
				<Tabs.Panel value="keys" pt={14}>
					<KeysTab />
				</Tabs.Panel>
				<Tabs.Panel value="sessions" pt={14}>
					<SessionsTab />
				</Tabs.Panel>
				<Tabs.Panel value="me" pt={14}>
					<MeTab />
				</Tabs.Panel>
			</Tabs>
		</div>
	);
}
