import { Button, Select } from "@mantine/core";
import { asMillwrightError } from "@millwright/core";
import { IconFileCertificate } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { history } from "../../data/history-client.ts";
import { useOverview } from "../../data/use-overview.ts";
import { Panel } from "../../parts/panel.tsx";
import { saveAnswer } from "../../parts/save-answer.ts";
import { Answer } from "../../parts/states.tsx";
import { endsOf } from "../../parts/trend/clock.ts";
import { TimeRange } from "../../parts/trend/time-range.tsx";
import { useClock } from "../../parts/trend/use-clock.ts";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { CoverageTable } from "./coverage-table.tsx";

/** How well an asset was known over a time, tag by tag; and the paper that says so. */
export function Coverage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const { clock } = useClock();
	const format = useFormat();
	const now = useNow(5000);
	const shown = endsOf(clock, now);
	const overview = useOverview();
	const assets = (overview.data?.assets ?? []).map(({ asset }) => asset).sort();
	const [chosen, setChosen] = useState<string>();
	const path = chosen ?? assets[0];
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<string>();
	const coverage = useQuery({
		queryKey: ["history", "completeness", path, clock],
		queryFn: ({ signal }) =>
			history.completeness({ path: path as string, ...endsOf(clock, Date.now()), buckets: 120 }, { signal }),
		enabled: path !== undefined,
		placeholderData: keepPreviousData,
		refetchInterval: clock.live ? 15_000 : false,
	});
	const issue = async (): Promise<void> => {
		setBusy(true);
		setProblem(undefined);
		try {
			await saveAnswer(
				(await history.statement({ path: path as string, ...endsOf(clock, Date.now()) })) as Response,
				"statement.csv",
			);
		} catch (error) {
			setProblem(asMillwrightError(error).message);
		} finally {
			setBusy(false);
		}
	};
	return (
		<Panel title={t("proof.coverage")} note={t("proof.coverageNote")} flush>
			<div className="row wrap coverage-bar">
				<Select
					aria-label={t("proof.asset")}
					data={assets}
					value={path ?? null}
					searchable
					allowDeselect={false}
					onChange={(value) => setChosen(value ?? undefined)}
					style={{ minWidth: 280, maxWidth: "100%" }}
				/>
				<TimeRange />
				<span className="grow" />
				{may("history.statement") ? (
					<Button
						variant="default"
						leftSection={<IconFileCertificate size={14} />}
						loading={busy}
						disabled={path === undefined}
						onClick={() => void issue()}
					>
						{t("proof.issue")}
					</Button>
				) : null}
			</div>
			<p className="print-only">
				<span className="mono">{path}</span>, {format.dateTime(shown.from)} – {format.dateTime(shown.until)}
			</p>
			{problem ? (
				<p role="alert" className="severity critical small coverage-bar">
					{problem}
				</p>
			) : null}
			{path === undefined ? null : (
				<Answer of={coverage} rows={6}>
					{(data) => <CoverageTable coverage={data} />}
				</Answer>
			)}
		</Panel>
	);
}
