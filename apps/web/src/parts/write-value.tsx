import { Select, TextInput } from "@mantine/core";
import type { TagStatus } from "@millwright/sense/api";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sense } from "../data/clients.ts";
import { useLive } from "../data/live.ts";
import { Confirm } from "./confirm.tsx";
import { Fact } from "./panel.tsx";
import { unitLabel } from "./unit-label.ts";
import { useFormat } from "./use-format.ts";

/** Writes one value to a machine: the value now, the value to be, why, and how to go back. */
export function WriteValue({ tag, onClose }: { tag: TagStatus; onClose: () => void }) {
	const { t } = useTranslation();
	const format = useFormat();
	const questions = useQueryClient();
	const reading = useLive(tag.tag);
	const [text, setText] = useState("");
	// What the person saw when the form opened: refused when the machine has moved on since.
	const [seen] = useState(reading?.value ?? tag.value);
	const numeric = tag.kind === "number" || tag.kind === "integer";
	const now = reading?.value ?? tag.value;
	const show = (value: number | string | null): string =>
		value === null ? "–" : typeof value === "number" ? `${format.value(value)} ${unitLabel(tag.unit)}` : value;
	return (
		<Confirm
			title={t("write.title", { tag: tag.tag })}
			action={t("write.write")}
			needWhy
			onClose={onClose}
			onConfirm={async (why) => {
				const value = numeric ? Number(text.replace(",", ".")) : tag.kind === "boolean" ? text === "1" : text;
				if (text.trim() === "" || (numeric && !Number.isFinite(value))) throw new Error(t("write.notANumber"));
				await sense.write({ tag: tag.tag, value, ...(numeric ? {} : { expected: seen }) }, { why });
				await questions.invalidateQueries({ queryKey: ["sense"] });
			}}
		>
			<div className="stack">
				<dl>
					<Fact name={t("write.now")}>{show(now)}</Fact>
					<Fact name={t("connections.address")}>{tag.address}</Fact>
				</dl>
				{tag.kind === "boolean" ? (
					<Select
						label={t("write.next")}
						data={[
							{ value: "1", label: t("write.on") },
							{ value: "0", label: t("write.off") },
						]}
						value={text || null}
						onChange={(value) => setText(value ?? "")}
					/>
				) : (
					<TextInput
						label={t("write.next")}
						value={text}
						onChange={(event) => setText(event.currentTarget.value)}
						rightSection={<span className="third">{unitLabel(tag.unit)}</span>}
						rightSectionWidth={56}
						inputMode={numeric ? "decimal" : "text"}
					/>
				)}
				<p className="second small">{t("write.goBack", { value: show(seen) })}</p>
			</div>
		</Confirm>
	);
}
