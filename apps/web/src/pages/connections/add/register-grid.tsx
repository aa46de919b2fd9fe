import { ActionIcon, Button, Checkbox } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { sense } from "../../../data/clients.ts";
import { type Field, faultOf } from "../../../parts/form/fields.ts";
import { useFieldWords } from "../../../parts/form/schema-form.tsx";
import { unitLabel } from "../../../parts/unit-label.ts";
import { useFormat } from "../../../parts/use-format.ts";
import { numberIn, type RegisterRow } from "./register-row.ts";
import { mainColumns } from "./usual-address.ts";
import { WordOrders } from "./word-orders.tsx";

type Reading = Awaited<ReturnType<typeof sense.testRead>>["readings"][number];
type Text = Exclude<keyof RegisterRow, "id" | "address">;

/** Units offered while typing, as UCUM writes them. */
const usualUnits = ["Cel", "bar", "mm/s", "%", "A", "V", "kW", "kW.h", "/min", "m3/h", "l/min", "Hz", "s", "mm", "1"];

/** The register table, editable like a spreadsheet; beside each row what the machine answered. */
export function RegisterGrid({
	driver,
	fields,
	rows,
	readings,
	onRows,
	onAdd,
}: {
	driver: string;
	fields: Field[];
	rows: RegisterRow[];
	readings: Map<number, Reading>;
	onRows: (rows: RegisterRow[]) => void;
	onAdd: () => void;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	const words = useFieldWords(driver);
	const [all, setAll] = useState(false);
	const main = mainColumns(
		driver,
		fields.map((field) => field.name),
	);
	const used = (name: string): boolean => rows.some((row) => (row.address[name] ?? "") !== "");
	const shown = fields.filter((field) => all || main.includes(field.name) || used(field.name));
	const extra: Text[] = all ? ["offset", "min", "max", "normalLow", "normalHigh"] : ["min", "max"];
	const set = (id: number, patch: Partial<RegisterRow>): void =>
		onRows(rows.map((row) => (row.id === id ? { ...row, ...patch } : row)));
	const setAddress = (row: RegisterRow, name: string, text: string): void =>
		set(row.id, { address: { ...row.address, [name]: text } });

	const scaledValue = (row: RegisterRow, reading: Reading): string => {
		if (typeof reading.value !== "number") return reading.value ?? "–";
		return format.value(reading.value * (numberIn(row.scale) ?? 1) + (numberIn(row.offset) ?? 0));
	};

	const cell = (row: RegisterRow, key: Text, narrow: boolean) => (
		<td key={key}>
			<input
				className={`cell${narrow ? " narrow" : ""}`}
				aria-label={t(`add.column.${key}`)}
				value={row[key]}
				inputMode={key === "name" || key === "unit" ? "text" : "decimal"}
				list={key === "unit" ? "usual-units" : undefined}
				placeholder={key === "scale" ? "1" : key === "unit" ? "1" : ""}
				aria-invalid={key !== "name" && key !== "unit" && row[key].trim() !== "" && numberIn(row[key]) === undefined}
				onChange={(event) => set(row.id, { [key]: event.currentTarget.value })}
			/>
		</td>
	);

	return (
		<>
			<datalist id="usual-units">
				{usualUnits.map((unit) => (
					<option key={unit} value={unit}>
						{unitLabel(unit)}
					</option>
				))}
			</datalist>
			<div className="table-scroll">
				<table className="table grid">
					<thead>
						<tr>
							<th>{t("add.column.name")}</th>
							{shown.map((field) => (
								<th key={field.name} title={words.hint(field)}>
									{words.label(field)}
								</th>
							))}
							<th>{t("add.column.unit")}</th>
							<th>{t("add.column.scale")}</th>
							{extra.map((key) => (
								<th key={key}>{t(`add.column.${key}`)}</th>
							))}
							<th>{t("add.answer")}</th>
							<th>
								<span className="visually-hidden">{t("action.remove")}</span>
							</th>
						</tr>
					</thead>
					<tbody>
						{rows.map((row) => {
							const reading = readings.get(row.id);
							return (
								<tr key={row.id}>
									{cell(row, "name", false)}
									{shown.map((field) => (
										<td key={field.name}>
											{field.kind === "choice" ? (
												<select
													className="cell"
													aria-label={words.label(field)}
													value={row.address[field.name] || field.fallback || ""}
													onChange={(event) => setAddress(row, field.name, event.currentTarget.value)}
												>
													{field.fallback === undefined ? <option value="" /> : null}
													{field.choices.map((choice) => (
														<option key={choice}>{choice}</option>
													))}
												</select>
											) : (
												<input
													className={`cell${field.kind === "text" ? "" : " narrow"}`}
													aria-label={words.label(field)}
													value={row.address[field.name] ?? ""}
													placeholder={field.fallback ?? field.example ?? ""}
													aria-invalid={
														(row.address[field.name] ?? "") !== "" && faultOf(field, row.address[field.name] ?? "") !== undefined
													}
													onChange={(event) => setAddress(row, field.name, event.currentTarget.value)}
												/>
											)}
										</td>
									))}
									{cell(row, "unit", true)}
									{cell(row, "scale", true)}
									{extra.map((key) => cell(row, key, true))}
									<td className="grid-answer">
										{reading ? (
											<>
												{reading.reason ? (
													<span className="strong" title={reading.quality}>
														{reading.reason}
													</span>
												) : reading.orders && reading.orders.length > 1 ? null : (
													<span className="mono" title={`${reading.address}${reading.raw ? `\n${reading.raw}` : ""}`}>
														{scaledValue(row, reading)} <span className="unit">{unitLabel(row.unit || "1")}</span>
													</span>
												)}
												{reading.orders && reading.orders.length > 1 ? (
													<WordOrders
														orders={reading.orders}
														scale={numberIn(row.scale) ?? 1}
														offset={numberIn(row.offset) ?? 0}
														field={fields.find((field) => field.choices.includes(reading.orders?.[0]?.order ?? ""))}
														chosen={row.address}
														onChoose={(name, order, everywhere) =>
															onRows(
																rows.map((each) =>
																	each.id === row.id || (everywhere && each.address.type === row.address.type)
																		? { ...each, address: { ...each.address, [name]: order } }
																		: each,
																),
															)
														}
													/>
												) : null}
											</>
										) : (
											<span className="third">–</span>
										)}
									</td>
									<td>
										<ActionIcon
											variant="subtle"
											color="gray"
											size={26}
											className="quiet-icon"
											aria-label={t("add.removeRow", { name: row.name })}
											onClick={() => onRows(rows.filter((each) => each.id !== row.id))}
										>
											<IconTrash size={14} stroke={1.6} />
										</ActionIcon>
									</td>
								</tr>
							);
						})}
					</tbody>
				</table>
			</div>
			<div className="row wrap grid-foot">
				<Button variant="subtle" leftSection={<IconPlus size={14} />} onClick={onAdd}>
					{t("add.addRow")}
				</Button>
				<span className="grow" />
				<Checkbox label={t("add.allColumns")} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />
			</div>
		</>
	);
}
