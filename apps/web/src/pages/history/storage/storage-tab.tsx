import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { history } from "../../../data/history-client.ts";
import { Panel } from "../../../parts/panel.tsx";
import { Answer } from "../../../parts/states.tsx";
import { DayBars } from "./day-bars.tsx";
import { Housekeeping } from "./housekeeping.tsx";
import { KeepForm } from "./keep-form.tsx";
import { KeepTable } from "./keep-table.tsx";
import { StorageFigures } from "./storage-figures.tsx";
import { TierTable } from "./tier-table.tsx";

/** What the history takes on disk, when it will be full, and what is kept how long. */
export function StorageTab() {
	const { t } = useTranslation();
	const { may } = useSession();
	const questions = useQueryClient();
	const [editing, setEditing] = useState(false);
	const storage = useQuery({
		queryKey: ["history", "storage"],
		queryFn: ({ signal }) => history.storage({}, { signal }),
		refetchInterval: 15_000,
	});
	const again = (): Promise<void> => questions.invalidateQueries({ queryKey: ["history", "storage"] });
	return (
		<Answer of={storage} rows={8}>
			{(held) => (
				<div className="stack">
					<StorageFigures storage={held} />
					<Panel title={t("storage.perDay")} note={t("storage.perDayNote")}>
						<DayBars days={held.days} />
					</Panel>
					<div className="storage-columns">
						<TierTable tiers={held.tiers} />
						<Housekeeping storage={held} onDone={again} />
					</div>
					<Panel
						title={t("storage.kept")}
						note={t("storage.keptNote")}
						flush
						side={
							may("history.applyStorage") ? (
								<Button variant="default" size="compact-xs" onClick={() => setEditing(true)}>
									{t("storage.change")}
								</Button>
							) : undefined
						}
					>
						<KeepTable policy={held.policy} />
					</Panel>
					{editing ? <KeepForm policy={held.policy} onClose={() => setEditing(false)} onDone={again} /> : null}
				</div>
			)}
		</Answer>
	);
}
