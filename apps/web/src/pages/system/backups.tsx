import { Button } from "@mantine/core";
import { IconArchive } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { platform } from "../../data/platform-client.ts";
import { CardTable } from "../../parts/card-table.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { BackupJob } from "./backup-job.tsx";

/** Backups: the one under way, those that lie there, and the next one. */
export function Backups() {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(10_000);
	const questions = useQueryClient();
	const [asking, setAsking] = useState(false);
	const backups = useQuery({
		queryKey: ["platform", "backups"],
		queryFn: ({ signal }) => platform.backups({}, { signal }),
		refetchInterval: (query) => (query.state.data?.jobs.some(({ state }) => state === "running") ? 1000 : 15_000),
	});
	const schedule = backups.data?.schedule;
	return (
		<Panel
			title={t("system.backups")}
			note={
				schedule
					? t("system.next", { time: format.moment(schedule.nextAt, now), keep: format.count(schedule.keep) })
					: t("system.noSchedule")
			}
			flush
			side={
				may("platform.backup") ? (
					<Button size="compact-xs" leftSection={<IconArchive size={14} />} onClick={() => setAsking(true)}>
						{t("system.backUp")}
					</Button>
				) : undefined
			}
		>
			<Answer of={backups} rows={3}>
				{(data) => (
					<>
						{data.jobs.slice(0, 3).map((job) => (
							<BackupJob key={job.id} job={job} />
						))}
						{data.kept.length === 0 ? (
							<Empty title={t("system.noBackup")}>{t("system.noBackupHint")}</Empty>
						) : (
							<CardTable label={t("system.backups")}>
								<thead>
									<tr>
										<th>{t("system.madeAt")}</th>
										<th>{t("system.kind")}</th>
										<th>{t("system.until")}</th>
										<th className="number">{t("history.size")}</th>
										<th>{t("system.version")}</th>
										<th>{t("system.folder")}</th>
									</tr>
								</thead>
								<tbody>
									{data.kept.map((kept) => (
										<tr key={kept.folder}>
											<td>{format.dateTime(kept.at)}</td>
											<td className="second">{t(`system.kinds.${kept.kind}`)}</td>
											<td className="second">{kept.until === undefined ? "–" : format.dateTime(kept.until)}</td>
											<td className="number">{format.bytes(kept.bytes)}</td>
											<td className="mono">{kept.version}</td>
											<td className="mono">{kept.folder}</td>
										</tr>
									))}
								</tbody>
							</CardTable>
						)}
					</>
				)}
			</Answer>
			{asking ? (
				<Confirm
					title={t("system.backUp")}
					action={t("system.backUp")}
					askWhy
					onClose={() => setAsking(false)}
					onConfirm={async (why) => {
						await platform.backup({}, why ? { why } : {});
						await questions.invalidateQueries({ queryKey: ["platform", "backups"] });
					}}
				>
					<p className="second">{t("system.backUpNote", { folder: backups.data?.folder ?? "" })}</p>
				</Confirm>
			) : null}
		</Panel>
	);
}
