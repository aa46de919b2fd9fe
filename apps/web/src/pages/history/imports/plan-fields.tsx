import { Autocomplete, Checkbox, SegmentedControl, Select, TextInput } from "@mantine/core";
import type { ImportPlan } from "@millwright/history/api";
import { useTranslation } from "react-i18next";

const forms = ["iso", "s", "ms", "us", "ns", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"];

/** The plan of an import, field by field. */
export function PlanFields({
	plan,
	columns,
	onChange,
}: {
	plan: ImportPlan;
	columns: string[];
	onChange: (plan: ImportPlan) => void;
}) {
	const { t } = useTranslation();
	const values = columns.filter((name) => name !== plan.time.column);
	const column = (label: string, value: string | undefined, set: (name: string) => void) => (
		<Select
			label={label}
			data={columns}
			value={value ?? null}
			allowDeselect={false}
			searchable
			onChange={(name) => {
				if (name !== null) set(name);
			}}
		/>
	);
	return (
		<>
			<SegmentedControl
				aria-label={t("import.shape")}
				value={plan.shape}
				data={(["long", "wide"] as const).map((value) => ({ value, label: t(`import.shapes.${value}`) }))}
				onChange={(value) => onChange({ ...plan, shape: value === "wide" ? "wide" : "long", only: value === "wide" })}
				style={{ alignSelf: "flex-start" }}
			/>
			<div className="import-columns">
				{column(t("import.timeColumn"), plan.time.column, (name) => onChange({ ...plan, time: { ...plan.time, column: name } }))}
				<Autocomplete
					label={t("import.timeForm")}
					data={forms}
					value={plan.time.form}
					onChange={(form) => onChange({ ...plan, time: { ...plan.time, form } })}
				/>
				<Autocomplete
					label={t("import.zone")}
					data={["UTC", Intl.DateTimeFormat().resolvedOptions().timeZone].filter((zone, at, all) => all.indexOf(zone) === at)}
					value={plan.time.zone}
					onChange={(zone) => onChange({ ...plan, time: { ...plan.time, zone } })}
				/>
				{plan.format === "csv" ? (
					<Select
						label={t("import.decimal")}
						data={[
							{ value: ".", label: "1234.5" },
							{ value: ",", label: "1234,5" },
						]}
						value={plan.decimal}
						allowDeselect={false}
						onChange={(decimal) => onChange({ ...plan, decimal: decimal === "," ? "," : "." })}
					/>
				) : null}
				{plan.shape === "long" ? (
					<>
						{column(t("import.tagColumn"), plan.tag?.column, (name) => onChange({ ...plan, tag: { column: name } }))}
						{column(t("import.valueColumn"), plan.value?.column, (name) => onChange({ ...plan, value: { column: name } }))}
						<Select
							label={t("import.qualityColumn")}
							data={columns}
							value={plan.quality?.column ?? null}
							clearable
							placeholder={t("import.allGood")}
							onChange={(name) => {
								const { quality: _, ...rest } = plan;
								onChange(name === null ? rest : { ...rest, quality: { column: name } });
							}}
						/>
						<TextInput
							label={t("import.prefix")}
							value={plan.prefix ?? ""}
							placeholder="udt/"
							onChange={(event) => onChange({ ...plan, prefix: event.currentTarget.value })}
						/>
					</>
				) : null}
			</div>
			{plan.shape === "wide" ? (
				<fieldset className="stack">
					<legend className="strong">{t("import.columnsToTags")}</legend>
					<div className="import-columns">
						{values.slice(0, 200).map((name) => {
							const taken = Object.hasOwn(plan.names, name);
							return (
								<div key={name} className="stack" style={{ gap: 4 }}>
									<Checkbox
										label={name}
										checked={taken}
										onChange={(event) => {
											const { [name]: _, ...rest } = plan.names;
											onChange({ ...plan, names: event.currentTarget.checked ? { ...plan.names, [name]: name } : rest });
										}}
									/>
									{taken ? (
										<TextInput
											aria-label={t("import.tagOf", { name })}
											value={plan.names[name] ?? ""}
											placeholder="line-1/press/temperature"
											onChange={(event) => onChange({ ...plan, names: { ...plan.names, [name]: event.currentTarget.value } })}
										/>
									) : null}
								</div>
							);
						})}
					</div>
				</fieldset>
			) : null}
		</>
	);
}
