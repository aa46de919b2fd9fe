import { Button, Textarea } from "@mantine/core";
import type { ImportPlan } from "@millwright/history/api";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { history } from "../../../data/history-client.ts";
import { Panel } from "../../../parts/panel.tsx";
import { Answer, Failed } from "../../../parts/states.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import { FirstRows } from "./first-rows.tsx";
import { ImportPreview } from "./import-preview.tsx";
import { PlanFields } from "./plan-fields.tsx";

/** How the file is to be read, what would come of it, and then the deed. */
export function PlanForm({
	file,
	name,
	onCancel,
	onDone,
}: {
	file: string;
	name: string;
	onCancel: () => void;
	onDone: () => Promise<void>;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	const [changed, setChanged] = useState<ImportPlan>();
	const [why, setWhy] = useState("");
	const look = useQuery({
		queryKey: ["history", "import-look", file],
		queryFn: ({ signal }) => history.inspectImport({ file }, { signal }),
		staleTime: Number.POSITIVE_INFINITY,
	});
	const preview = useMutation({ mutationFn: (plan: ImportPlan) => history.previewImport(plan) });
	const apply = useMutation({
		mutationFn: async (plan: ImportPlan) => {
			await history.applyImport(plan, { why: why.trim() });
			await onDone();
		},
	});
	return (
		<Panel title={name} note={look.data ? t("import.rowsInFile", { number: format.count(look.data.count) }) : undefined}>
			<Answer of={look}>
				{(data) => {
					const plan = changed ?? data.guess;
					return (
						<div className="stack">
							<FirstRows columns={data.columns} rows={data.rows} />
							<PlanFields
								plan={plan}
								columns={data.columns.map((column) => column.name)}
								onChange={(next) => {
									setChanged(next);
									preview.reset();
								}}
							/>
							{preview.data ? <ImportPreview preview={preview.data} /> : null}
							{preview.data && preview.data.rows > 0 ? (
								<Textarea
									label={t("confirm.why")}
									description={t("confirm.whyNote")}
									value={why}
									maxLength={500}
									required
									onChange={(event) => setWhy(event.currentTarget.value)}
								/>
							) : null}
							{(apply.error ?? preview.error) ? <Failed error={apply.error ?? preview.error} /> : null}
							<div className="row">
								<Button variant="default" onClick={onCancel}>
									{t("action.cancel")}
								</Button>
								<Button
									{...(preview.data ? { variant: "default" } : {})}
									loading={preview.isPending}
									onClick={() => preview.mutate(plan)}
								>
									{t("import.look")}
								</Button>
								{preview.data ? (
									<Button
										loading={apply.isPending}
										disabled={preview.data.rows === 0 || why.trim() === ""}
										onClick={() => apply.mutate(plan)}
									>
										{t("import.bringIn", { number: format.count(preview.data.rows) })}
									</Button>
								) : null}
							</div>
						</div>
					);
				}}
			</Answer>
		</Panel>
	);
}
