import { Button } from "@mantine/core";
import type { Import } from "@millwright/history/api";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { history } from "../../../data/history-client.ts";
import { CardTable } from "../../../parts/card-table.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/states.tsx";
import { useFormat, useNow } from "../../../parts/use-format.ts";

/** What was brought in, by whom and why, how far it is; each can be taken out again as a whole. */
export function ImportList({ imports, onChanged }: { imports: Import[]; onChanged: () => Promise<void> }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(10_000);
	const [undoing, setUndoing] = useState<Import>();
	if (imports.length === 0) return <Empty title={t("import.none")}>{t("import.noneHint")}</Empty>;
	return (
		<>
			<CardTable label={t("import.done")}>
				<thead>
					<tr>
						<th>{t("import.file")}</th>
						<th>{t("import.by")}</th>
						<th className="number">{t("history.samples")}</th>
						<th className="number">{t("storage.tags")}</th>
						<th>{t("storage.span")}</th>
						<th>{t("history.state")}</th>
					</tr>
				</thead>
				<tbody>
					{imports.map((one) => (
						<tr key={one.id} className={one.state === "undone" || one.state === "failed" ? "away" : undefined}>
							<td>
								<span className="mono">{one.file}</span>
								<br />
								<span className="third">{one.why}</span>
							</td>
							<td>
								{one.by}
								<br />
								<span className="third">{format.moment(one.at, now)}</span>
							</td>
							<td className="number">{format.count(one.rows)}</td>
							<td className="number">{format.count(one.tags)}</td>
							<td className="second">
								{one.first !== undefined && one.last !== undefined ? `${format.date(one.first)} – ${format.date(one.last)}` : "–"}
							</td>
							<td>
								{one.state === "running" ? (
									<>
										{t("import.state.running")} {format.percent(one.progress, 0)}
										<div className="import-progress">
											<span style={{ width: `${one.progress * 100}%` }} />
										</div>
									</>
								) : (
									<span className="row wrap">
										{t(`import.state.${one.state}`)}
										{one.undoneBy ? <span className="third">{one.undoneBy}</span> : null}
										{one.reason ? <span className="third">{one.reason}</span> : null}
										{one.state === "done" && may("history.undoImport") ? (
											<Button variant="subtle" size="compact-xs" onClick={() => setUndoing(one)}>
												{t("import.undo")}
											</Button>
										) : null}
									</span>
								)}
							</td>
						</tr>
					))}
				</tbody>
			</CardTable>

			{undoing ? (
				<Confirm
					title={t("import.undoTitle", { file: undoing.file })}
					action={t("import.undo")}
					danger
					needWhy
					onClose={() => setUndoing(undefined)}
					onConfirm={async (why) => {
						await history.undoImport({ id: undoing.id }, { why });
						await onChanged();
					}}
				>
					<p className="second">{t("import.undoNote", { number: format.count(undoing.rows) })}</p>
				</Confirm>
			) : null}
		</>
	);
}
