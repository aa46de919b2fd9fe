import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { PageHead } from "../../parts/page-head.tsx";
import { Explorer } from "./explorer.tsx";
import { ImportsTab } from "./imports/imports-tab.tsx";
import { StorageTab } from "./storage/storage-tab.tsx";
import "../../parts/table.css";
import "./history.css";

/** The loop's memory: any tags over any time, what that takes on disk, and what came from elsewhere. */
export function HistoryPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const navigate = useNavigate();
	const { tab } = useSearch({ strict: false });
	const tabs = [
		"explore" as const,
		...(may("history.storage") ? (["storage"] as const) : []),
		...(may("history.applyImport") ? (["imports"] as const) : []),
	];
	const now = tabs.find((each) => each === tab) ?? "explore";
	return (
		<div className="page">
			<PageHead title={t("nav.history")} note={t(`history.tabNote.${now}`)} />
			<Tabs
				value={now}
				keepMounted={false}
				onChange={(next) =>
					void navigate({
						to: ".",
						search: (search: Record<string, unknown>) => ({ ...search, tab: next ?? "explore" }) as never,
					})
				}
			>
				<Tabs.List>
					{tabs.map((each) => (
						<Tabs.Tab key={each} value={each}>
							{t(`history.tab.${each}`)}
						</Tabs.Tab>
					))}
				</Tabs.List>
				<Tabs.Panel value="explore" pt={14}>
					<Explorer />
				</Tabs.Panel>
				<Tabs.Panel value="storage" pt={14}>
					<StorageTab />
				</Tabs.Panel>
				<Tabs.Panel value="imports" pt={14}>
					<ImportsTab />
				</Tabs.Panel>
			</Tabs>
		</div>
	);
}
