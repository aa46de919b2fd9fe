import { Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { sense } from "../../../data/clients.ts";
import type { Field } from "../../../parts/form/fields.ts";
import { useFieldWords } from "../../../parts/form/schema-form.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { Answer, Empty } from "../../../parts/states.tsx";
import { unitLabel } from "../../../parts/unit-label.ts";
import type { StepProps } from "./step-props.ts";

const placeholder = /\{([A-Za-z][A-Za-z0-9_-]*)\}/g;

/** A kind of machine that is known already: its tags, moved by an offset or filled with a name. */
export function MapPanel({ draft, change, addressFields }: Omit<StepProps, "settingFields">) {
	const { t } = useTranslation();
	const words = useFieldWords(draft.driver);
	const maps = useQuery({ queryKey: ["sense", "maps"], queryFn: ({ signal }) => sense.maps({}, { signal }) });
	return (
		<Answer of={maps}>
			{(data) => {
				const fitting = Object.entries(data.maps).filter(([, map]) => map.driver === draft.driver);
				const map = data.maps[draft.map];
				const tags = Object.entries(map?.tags ?? {});
				const names = [...new Set([...JSON.stringify(map?.tags ?? {}).matchAll(placeholder)].map((match) => match[1] as string))];
				const movable = addressFields.filter(
					(field: Field) => field.kind === "integer" && tags.some(([, tag]) => field.name in tag.address),
				);
				if (fitting.length === 0)
					return (
						<Panel>
							<Empty title={t("add.noMaps")}>{t("add.noMapsHint")}</Empty>
						</Panel>
					);
				return (
					<Panel title={t("add.sourceMap")}>
						<div className="form-grid">
							<Select
								label={t("add.map")}
								data={fitting.map(([name, each]) => ({ value: name, label: each.title ?? name }))}
								value={draft.map || null}
								onChange={(name) => change({ map: name ?? "", shift: {}, fill: {} })}
							/>
							{movable.map((field) => (
								<TextInput
									key={field.name}
									label={t("add.shift", { field: words.label(field) })}
									description={t("add.shiftNote")}
									inputMode="numeric"
									value={draft.shift[field.name] ?? ""}
									placeholder="0"
									onChange={(event) => change({ shift: { ...draft.shift, [field.name]: event.currentTarget.value } })}
								/>
							))}
							{names.map((name) => (
								<TextInput
									key={name}
									label={`{${name}}`}
									description={t("add.fillNote")}
									value={draft.fill[name] ?? ""}
									onChange={(event) => change({ fill: { ...draft.fill, [name]: event.currentTarget.value } })}
								/>
							))}
						</div>
						{map ? (
							<p className="second" style={{ marginTop: 12 }}>
								{t("add.mapTags", { count: tags.length })}{" "}
								<span className="mono">
									{tags.map(([name, tag]) => `${name}${unitLabel(tag.unit) ? ` (${unitLabel(tag.unit)})` : ""}`).join(", ")}
								</span>
							</p>
						) : null}
					</Panel>
				);
			}}
		</Answer>
	);
}
