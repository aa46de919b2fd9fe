import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** Back, what is still missing, and on. */
export function StepFoot({
	onBack,
	onNext,
	next,
	missing,
	busy,
}: {
	onBack?: () => void;
	onNext: () => void;
	next?: string;
	missing?: ReactNode;
	busy?: boolean;
}) {
	const { t } = useTranslation();
	return (
		<div className="step-foot">
			{onBack ? (
				<Button variant="default" onClick={onBack}>
					{t("action.back")}
				</Button>
			) : null}
			<span className="grow second small" role="status">
				{missing}
			</span>
			<Button onClick={onNext} disabled={Boolean(missing)} loading={busy ?? false}>
				{next ?? t("action.next")}
			</Button>
		</div>
	);
}
