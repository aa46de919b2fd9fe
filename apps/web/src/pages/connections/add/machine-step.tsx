import { TextInput } from "@mantine/core";
import { durationMs } from "@millwright/core";
import { useTranslation } from "react-i18next";
import { faultOf } from "../../../parts/form/fields.ts";
import { SchemaForm } from "../../../parts/form/schema-form.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { emptyRow } from "./register-row.ts";
import { StepFoot } from "./step-foot.tsx";
import type { Driver, StepProps } from "./step-props.ts";
import { usualAddress } from "./usual-address.ts";

/** Settings worth a look at once; the rest has sound defaults. */
const upfront = ["port", "unit", "security", "user", "password"];

/** Which protocol, and where the machine is. */
export function MachineStep({
	draft,
	change,
	drivers,
	settingFields,
	onNext,
}: StepProps & { drivers: Driver[]; onNext: () => void }) {
	const { t } = useTranslation();
	const faulty = settingFields.some((field) => faultOf(field, draft.settings[field.name] ?? "") !== undefined);
	const missing =
		draft.driver === ""
			? t("add.chooseDriver")
			: faulty
				? t("add.fillSettings")
				: durationMs(draft.every) === undefined
					? t("add.badPace")
					: undefined;
	return (
		<form
			className="stack"
			onSubmit={(event) => {
				event.preventDefault();
				if (!missing) onNext();
			}}
		>
			<Panel title={t("add.driver")}>
				<div className="choices" role="radiogroup" aria-label={t("add.driver")}>
					{drivers.map((driver) => (
						<label key={driver.name} className={`choice${draft.driver === driver.name ? " chosen" : ""}`}>
							<input
								type="radio"
								name="driver"
								checked={draft.driver === driver.name}
								onChange={() =>
									change({
										driver: driver.name,
										settings: {},
										source: driver.canBrowse ? "browse" : "table",
										rows: driver.canBrowse
											? []
											: [
													emptyRow(usualAddress(driver.name)),
													emptyRow(usualAddress(driver.name)),
													emptyRow(usualAddress(driver.name)),
												],
									})
								}
							/>
							<span>
								<span className="strong">{driver.title}</span>
								<br />
								<span className="second small">{t(`driver.${driver.name}`, { defaultValue: "" })}</span>
							</span>
						</label>
					))}
				</div>
			</Panel>
			{draft.driver ? (
				<Panel title={t("add.where")}>
					<SchemaForm
						fields={settingFields}
						owner={draft.driver}
						texts={draft.settings}
						upfront={upfront}
						onChange={(settings) => change({ settings })}
					/>
					<div className="form-grid" style={{ marginTop: 14 }}>
						<TextInput
							label={t("add.every")}
							description={t("add.everyNote")}
							value={draft.every}
							onChange={(event) => change({ every: event.currentTarget.value })}
						/>
					</div>
				</Panel>
			) : null}
			<StepFoot onNext={onNext} missing={missing} />
		</form>
	);
}
