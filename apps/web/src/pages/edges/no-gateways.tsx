import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Panel } from "../../parts/panel.tsx";
import { Empty } from "../../parts/states.tsx";

const steps = ["admit", "bundle", "configure", "start"] as const;

/** What a gateway is for, and the four steps to the first one. */
export function NoGateways({ onAdmit }: { onAdmit: (() => void) | undefined }) {
	const { t } = useTranslation();
	return (
		<Panel>
			<Empty title={t("edges.none")}>{t("edges.noneHint")}</Empty>
			<ol className="first-steps">
				{steps.map((step, at) => (
					<li key={step}>
						<span className="nav-step" aria-hidden="true">
							{at + 1}
						</span>
						<div>
							<p className="strong">{t(`edges.steps.${step}`)}</p>
							<p className="second">{t(`edges.stepNote.${step}`)}</p>
							{step === "admit" && onAdmit ? (
								<Button mt={8} leftSection={<IconPlus size={14} />} onClick={onAdmit}>
									{t("edges.admit")}
								</Button>
							) : null}
							{step === "bundle" ? <p className="mono">npm run build -w @millwright/edge</p> : null}
						</div>
					</li>
				))}
			</ol>
		</Panel>
	);
}
