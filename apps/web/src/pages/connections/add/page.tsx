import { MillwrightError } from "@millwright/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { sense } from "../../../data/clients.ts";
import { fieldsOf } from "../../../parts/form/fields.ts";
import { PageHead } from "../../../parts/page-head.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { Answer, Failed } from "../../../parts/states.tsx";
import { type Draft, firstDraft } from "./draft.ts";
import { LiveStep } from "./live-step.tsx";
import { MachineStep } from "./machine-step.tsx";
import { PlaceStep } from "./place-step.tsx";
import { ReviewStep } from "./review-step.tsx";
import { ValuesStep } from "./values-step.tsx";
import "../../../parts/table.css";
import "./add.css";

const steps = ["machine", "values", "place", "review", "live"] as const;
type Step = (typeof steps)[number];

/** From an address to live values: machine, values, place, review, live. Nothing is written before the review. */
export function AddMachinePage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const [step, setStep] = useState<Step>("machine");
	const [draft, setDraft] = useState<Draft>(firstDraft);
	const drivers = useQuery({
		queryKey: ["sense", "drivers"],
		queryFn: ({ signal }) => sense.drivers({}, { signal }),
		staleTime: 600_000,
		enabled: may("sense.applyChange"),
	});
	if (!may("sense.applyChange"))
		return (
			<div className="page add">
				<PageHead title={t("add.title")} />
				<Panel flush>
					<Failed
						error={new MillwrightError("platform.role-denied", t("add.denied"), { kind: "denied", hint: t("add.deniedHint") })}
					/>
				</Panel>
			</div>
		);
	const change = (patch: Partial<Draft>): void => setDraft((last) => ({ ...last, ...patch }));
	const at = steps.indexOf(step);
	return (
		<div className="page add">
			<PageHead title={t("add.title")} />
			<ol className="add-steps" aria-label={t("add.steps")}>
				{steps.map((each, index) => (
					<li
						key={each}
						className={index < at ? "done" : index === at ? "now" : ""}
						aria-current={index === at ? "step" : undefined}
					>
						<button
							type="button"
							className="plain-button"
							disabled={index >= at || step === "live"}
							onClick={() => setStep(each)}
						>
							<span className="nav-step">{index + 1}</span>
							{t(`add.step.${each}`)}
						</button>
					</li>
				))}
			</ol>
			<Answer of={drivers}>
				{({ drivers: known }) => {
					const driver = known.find((each) => each.name === draft.driver);
					const common = {
						draft,
						change,
						settingFields: fieldsOf(driver?.settings ?? {}),
						addressFields: fieldsOf(driver?.address ?? {}),
					};
					if (step === "machine" || !driver) return <MachineStep {...common} drivers={known} onNext={() => setStep("values")} />;
					if (step === "values")
						return <ValuesStep {...common} driver={driver} onBack={() => setStep("machine")} onNext={() => setStep("place")} />;
					if (step === "place")
						return <PlaceStep {...common} onBack={() => setStep("values")} onNext={() => setStep("review")} />;
					if (step === "review") return <ReviewStep {...common} onBack={() => setStep("place")} onDone={() => setStep("live")} />;
					return (
						<LiveStep
							{...common}
							onAnother={() => {
								setDraft(firstDraft);
								setStep("machine");
							}}
						/>
					);
				}}
			</Answer>
		</div>
	);
}
