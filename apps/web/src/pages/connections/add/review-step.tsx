import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { sense, twin } from "../../../data/clients.ts";
import { Panel } from "../../../parts/panel.tsx";
import { Answer, Failed } from "../../../parts/states.tsx";
import { ChangePreview } from "../change-preview.tsx";
import { assetPath, assetsOf, changeOf } from "./draft.ts";
import { StepFoot } from "./step-foot.tsx";
import type { StepProps } from "./step-props.ts";

/** The difference it makes, in the file and in words; applied only after it was seen. */
export function ReviewStep({
	draft,
	settingFields,
	addressFields,
	onBack,
	onDone,
}: StepProps & { onBack: () => void; onDone: () => void }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const questions = useQueryClient();
	const [stage, setStage] = useState<"waiting" | "connection" | "asset">("waiting");
	const [applied, setApplied] = useState(false);
	const [error, setError] = useState<unknown>();
	const change = changeOf(draft, settingFields, addressFields);
	const assets = assetsOf(draft, addressFields);
	const preview = useQuery({
		queryKey: ["sense", "preview", change],
		queryFn: ({ signal }) => sense.previewChange(change, { signal }),
		enabled: !applied,
		staleTime: 0,
		retry: false,
		refetchOnWindowFocus: false,
	});

	const apply = async (): Promise<void> => {
		setError(undefined);
		try {
			if (!applied && preview.data) {
				setStage("connection");
				await sense.applyChange({ ...change, revision: preview.data.revision });
				setApplied(true);
			}
			if (may("twin.addAssets")) {
				setStage("asset");
				await twin.addAssets(assets);
			}
			await questions.invalidateQueries();
			onDone();
		} catch (problem) {
			setError(problem);
			setStage("waiting");
		}
	};
	const problems = preview.data?.problems.length ?? 0;
	return (
		<div className="stack">
			<Panel title={t("add.review")}>
				<Answer of={preview} rows={6}>
					{(data) => (
						<>
							<ChangePreview preview={data} />
							<p className="second" style={{ marginTop: 12 }}>
								{t("add.assetAppears", { path: assetPath(draft) })}{" "}
								{draft.template ? t("add.byTemplate", { template: draft.template }) : t("add.byNewTemplate")}
							</p>
						</>
					)}
				</Answer>
			</Panel>
			{error ? (
				<Panel flush>
					<Failed error={error} onRetry={() => void (applied ? apply() : preview.refetch().then(() => setError(undefined)))} />
				</Panel>
			) : null}
			<StepFoot
				onBack={onBack}
				onNext={() => void apply()}
				next={stage === "connection" ? t("add.connecting") : stage === "asset" ? t("add.addingAsset") : t("add.apply")}
				busy={stage !== "waiting"}
				missing={
					!preview.data && !applied ? t("add.waitPreview") : problems > 0 ? t("add.mendProblems", { count: problems }) : undefined
				}
			/>
		</div>
	);
}
