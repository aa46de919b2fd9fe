import { Button, SegmentedControl } from "@mantine/core";
import { asMillwrightError } from "@millwright/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sense } from "../../../data/clients.ts";
import { faultOf, valuesOf } from "../../../parts/form/fields.ts";
import { Panel } from "../../../parts/panel.tsx";
import { Failed } from "../../../parts/states.tsx";
import { Certificates } from "../certificates.tsx";
import { BrowsePanel } from "./browse-panel.tsx";
import { filledRows, levelOrNothing } from "./draft.ts";
import { MapPanel } from "./map-panel.tsx";
import { PasteRows } from "./paste-rows.tsx";
import { RegisterGrid } from "./register-grid.tsx";
import { emptyRow } from "./register-row.ts";
import { StepFoot } from "./step-foot.tsx";
import type { Driver, StepProps } from "./step-props.ts";
import { usualAddress } from "./usual-address.ts";

type Readings = Awaited<ReturnType<typeof sense.testRead>>["readings"];

/** Which values: a register table, a look into the machine, or a machine map that exists; and a test read of them. */
export function ValuesStep({
	draft,
	change,
	driver,
	settingFields,
	addressFields,
	onBack,
	onNext,
}: StepProps & { driver: Driver; onBack: () => void; onNext: () => void }) {
	const { t } = useTranslation();
	const questions = useQueryClient();
	const [readings, setReadings] = useState<Map<number, Readings[number]>>(new Map());
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>();
	const rows = filledRows(draft);
	const names = rows.map((row) => levelOrNothing(row.name));
	const twice = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
	const faulty = rows.some((row) => addressFields.some((field) => faultOf(field, row.address[field.name] ?? "") !== undefined));
	const missing =
		draft.source === "map"
			? draft.map === ""
				? t("add.chooseMap")
				: undefined
			: rows.length === 0
				? t("add.noRows")
				: names.includes("")
					? t("add.nameRows")
					: twice
						? t("add.twice", { name: twice })
						: faulty
							? t("add.badAddress")
							: undefined;

	const test = async (): Promise<void> => {
		setBusy(true);
		setError(undefined);
		try {
			const answer = await sense.testRead({
				driver: draft.driver,
				settings: valuesOf(settingFields, draft.settings),
				addresses: rows.map((row) => valuesOf(addressFields, row.address)).slice(0, 200),
			});
			setReadings(new Map(answer.readings.map((reading, index) => [rows[index]?.id ?? -1, reading])));
		} catch (problem) {
			setReadings(new Map());
			setError(problem);
			await questions.invalidateQueries({ queryKey: ["sense", "certificates"] });
		} finally {
			setBusy(false);
		}
	};

	return (
		<div className="stack">
			<SegmentedControl
				aria-label={t("add.source")}
				value={draft.source}
				onChange={(source) => change({ source: source as typeof draft.source })}
				data={[
					...(driver.canBrowse ? [{ value: "browse", label: t("add.sourceBrowse") }] : []),
					{ value: "table", label: t("add.sourceTable") },
					{ value: "map", label: t("add.sourceMap") },
				]}
			/>
			{draft.source === "browse" ? (
				<BrowsePanel draft={draft} change={change} settingFields={settingFields} addressFields={addressFields} />
			) : null}
			{draft.source === "map" ? (
				<MapPanel draft={draft} change={change} addressFields={addressFields} />
			) : (
				<Panel
					title={t("add.table")}
					note={t("add.tableNote")}
					flush
					side={
						<>
							<PasteRows
								driver={draft.driver}
								addressFields={addressFields}
								onRows={(fresh) => change({ rows: [...rows, ...fresh] })}
							/>
							<Button onClick={() => void test()} loading={busy} disabled={rows.length === 0 || faulty}>
								{t("add.test")}
							</Button>
						</>
					}
				>
					<RegisterGrid
						driver={draft.driver}
						fields={addressFields}
						rows={draft.rows}
						readings={readings}
						onRows={(next) => change({ rows: next })}
						onAdd={() => {
							// The next register is the likely one.
							const last = draft.rows.at(-1);
							change({
								rows: [
									...draft.rows,
									emptyRow(last ? { ...last.address, register: "", node: "", number: "" } : usualAddress(draft.driver)),
								],
							});
						}}
					/>
				</Panel>
			)}
			{error ? (
				<>
					<Panel title={t("add.testFailed")} flush>
						<Failed error={error} onRetry={() => void test()} />
					</Panel>
					{/certificate|trust/i.test(asMillwrightError(error).code) ? <Certificates waitingOnly /> : null}
				</>
			) : null}
			<StepFoot onBack={onBack} onNext={onNext} missing={missing} />
		</div>
	);
}
