import { Button, Modal, Textarea } from "@mantine/core";
import { IconClipboard } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Field } from "../../../parts/form/fields.ts";
import { rowsOf } from "./parse-table.ts";
import type { RegisterRow } from "./register-row.ts";
import { usualAddress } from "./usual-address.ts";

/** Takes a table copied from a spreadsheet, a CSV file or a manual. */
export function PasteRows({
	driver,
	addressFields,
	onRows,
}: {
	driver: string;
	addressFields: Field[];
	onRows: (rows: RegisterRow[]) => void;
}) {
	const { t } = useTranslation();
	const [open, setOpen] = useState(false);
	const [text, setText] = useState("");
	const rows =
		text.trim() === ""
			? []
			: rowsOf(
					text,
					addressFields.map((field) => field.name),
					usualAddress(driver),
				);
	return (
		<>
			<Button variant="default" leftSection={<IconClipboard size={14} />} onClick={() => setOpen(true)}>
				{t("add.paste")}
			</Button>
			<Modal
				opened={open}
				onClose={() => setOpen(false)}
				size={640}
				title={<span className="strong">{t("add.pasteTitle")}</span>}
				closeButtonProps={{ "aria-label": t("action.close") }}
			>
				<div className="stack">
					<p className="second">{t("add.pasteNote")}</p>
					<Textarea
						aria-label={t("add.pasteTitle")}
						autosize
						minRows={8}
						maxRows={18}
						value={text}
						onChange={(event) => setText(event.currentTarget.value)}
						placeholder={"name\tregister\ttype\tunit\tscale\nTemperature\t100\tfloat32\tCel\t1"}
						styles={{ input: { fontFamily: "var(--mono)", whiteSpace: "pre" } }}
						data-autofocus
					/>
					<input
						type="file"
						accept=".csv,.tsv,.txt,text/csv,text/plain"
						aria-label={t("add.pasteFile")}
						onChange={(event) => {
							const file = event.currentTarget.files?.[0];
							if (file) void file.text().then(setText);
						}}
					/>
					<div className="row between">
						<span className="second" role="status">
							{t("add.pasteFound", { count: rows.length })}
						</span>
						<Button
							disabled={rows.length === 0}
							onClick={() => {
								onRows(rows);
								setText("");
								setOpen(false);
							}}
						>
							{t("add.pasteTake", { count: rows.length })}
						</Button>
					</div>
				</div>
			</Modal>
		</>
	);
}
