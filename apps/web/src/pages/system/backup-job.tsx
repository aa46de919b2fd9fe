import type { BackupJob as Job } from "@millwright/platform/api";
import { useTranslation } from "react-i18next";
import { SeverityMark } from "../../parts/severity.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";

/** How far a backup is, or how it ended. */
export function BackupJob({ job }: { job: Job }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(10_000);
	return (
		<div className="backup-job" role="status">
			<p className="row wrap">
				{job.state === "failed" ? <SeverityMark severity="high" /> : null}
				<span className="strong">{t(`system.job.${job.state}`)}</span>
				<span className="second">{job.state === "running" ? job.step : format.moment(job.endedAt ?? job.startedAt, now)}</span>
				<span className="third">{format.bytes(job.bytes)}</span>
				<span className="mono third">{job.folder}</span>
			</p>
			{job.state === "running" ? (
				<div className="capacity-track">
					<span style={{ width: `${job.steps > 0 ? (job.stepsDone / job.steps) * 100 : 0}%` }} />
				</div>
			) : null}
			{job.reason ? (
				<p className="second">
					{job.reason} {job.hint} <span className="mono third">{job.code}</span>
				</p>
			) : null}
			{job.notes.map((note) => (
				<p key={note} className="second">
					{note}
				</p>
			))}
		</div>
	);
}
