import { Button } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { history } from "../../../data/history-client.ts";
import { Panel } from "../../../parts/panel.tsx";
import { Answer } from "../../../parts/states.tsx";
import { ChooseFile } from "./choose-file.tsx";
import { ImportList } from "./import-list.tsx";
import { PlanForm } from "./plan-form.tsx";

/** History from elsewhere: choose a file, say how it is to be read, look at what would come, bring it in, undo it. */
export function ImportsTab() {
	const { t } = useTranslation();
	const questions = useQueryClient();
	const [step, setStep] = useState<{ kind: "list" } | { kind: "choose" } | { kind: "plan"; file: string; name: string }>({
		kind: "list",
	});
	const imports = useQuery({
		queryKey: ["history", "imports"],
		queryFn: ({ signal }) => history.imports({}, { signal }),
		refetchInterval: (query) => (query.state.data?.imports.some(({ state }) => state === "running") ? 1000 : 15_000),
	});
	const again = (): Promise<void> => questions.invalidateQueries({ queryKey: ["history"] });
	return (
		<div className="stack">
			{step.kind === "choose" ? (
				<Panel title={t("import.choose")} note={t("import.chooseNote")}>
					<ChooseFile
						inbox={imports.data?.inbox ?? []}
						onChosen={(file, name) => setStep({ kind: "plan", file, name })}
						onCancel={() => setStep({ kind: "list" })}
					/>
				</Panel>
			) : null}
			{step.kind === "plan" ? (
				<PlanForm
					file={step.file}
					name={step.name}
					onCancel={() => setStep({ kind: "list" })}
					onDone={async () => {
						await again();
						setStep({ kind: "list" });
					}}
				/>
			) : null}
			<Panel
				title={t("import.done")}
				note={t("import.doneNote")}
				flush
				side={
					step.kind === "list" ? (
						<Button leftSection={<IconUpload size={14} />} size="compact-xs" onClick={() => setStep({ kind: "choose" })}>
							{t("import.begin")}
						</Button>
					) : undefined
				}
			>
				<Answer of={imports}>{(data) => <ImportList imports={data.imports} onChanged={again} />}</Answer>
			</Panel>
		</div>
	);
}
