import { PasswordInput, Select, Switch, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { titleFromName } from "../words.ts";
import { type Field, faultOf } from "./fields.ts";
import "./schema-form.css";

const spoken = (name: string): string => titleFromName(name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase());

/** The name and explanation of a field in the language of the page; what nobody translated is shown as the driver says it. */
export function useFieldWords(owner: string) {
	const { t } = useTranslation();
	return {
		label: (field: Field) => t(`field.${field.name}`, { defaultValue: spoken(field.name) }),
		hint: (field: Field) => t(`fieldHint.${owner}.${field.name}`, { defaultValue: field.description ?? "" }),
	};
}

function Input({
	field,
	owner,
	text,
	onChange,
}: {
	field: Field;
	owner: string;
	text: string;
	onChange: (text: string) => void;
}) {
	const { t } = useTranslation();
	const words = useFieldWords(owner);
	const fault = text === "" ? undefined : faultOf(field, text);
	const common = {
		label: words.label(field),
		description: words.hint(field) || undefined,
		error: fault ? t(`fault.${fault}`, { min: field.min, max: field.max }) : undefined,
		withAsterisk: field.required,
	};
	if (field.kind === "switch")
		return (
			<Switch
				{...common}
				checked={(text || field.fallback) === "true"}
				onChange={(event) => onChange(String(event.currentTarget.checked))}
			/>
		);
	if (field.kind === "choice")
		return (
			<Select
				{...common}
				data={field.choices}
				value={text || field.fallback || null}
				onChange={(value) => onChange(value ?? "")}
				allowDeselect={false}
			/>
		);
	if (field.kind === "secret")
		return (
			<PasswordInput
				{...common}
				value={text}
				onChange={(event) => onChange(event.currentTarget.value)}
				autoComplete="new-password"
				visibilityToggleButtonProps={{ "aria-label": t("door.showPassword") }}
			/>
		);
	return (
		<TextInput
			{...common}
			value={text}
			placeholder={field.fallback ?? field.example ?? ""}
			inputMode={field.kind === "text" ? "text" : "decimal"}
			spellCheck={false}
			onChange={(event) => onChange(event.currentTarget.value)}
		/>
	);
}

/** A form from a JSON Schema: what must be given first, the rest behind one click. */
export function SchemaForm({
	fields,
	owner,
	texts,
	upfront,
	onChange,
}: {
	fields: Field[];
	/** Whose fields they are: a driver's name. */
	owner: string;
	texts: Record<string, string>;
	/** Names shown at once beside the required ones. */
	upfront: string[];
	onChange: (texts: Record<string, string>) => void;
}) {
	const { t } = useTranslation();
	const first = fields.filter((field) => field.required || upfront.includes(field.name));
	const rest = fields.filter((field) => !first.includes(field));
	const show = (field: Field) => (
		<Input
			key={field.name}
			field={field}
			owner={owner}
			text={texts[field.name] ?? ""}
			onChange={(text) => onChange({ ...texts, [field.name]: text })}
		/>
	);
	return (
		<>
			<div className="form-grid">{first.map(show)}</div>
			{rest.length > 0 ? (
				<details className="form-more">
					<summary>{t("form.more", { count: rest.length })}</summary>
					<div className="form-grid">{rest.map(show)}</div>
				</details>
			) : null}
		</>
	);
}
