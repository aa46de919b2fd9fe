import { Button, TextInput } from "@mantine/core";
import { durationMs } from "@millwright/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sense } from "../../../data/clients.ts";
import { faultOf, fieldsOf, textsOf, valuesOf } from "../../../parts/form/fields.ts";
import { SchemaForm } from "../../../parts/form/schema-form.tsx";
import { Answer } from "../../../parts/states.tsx";

type Settings = Record<string, unknown>;
const isRecord = (value: unknown): value is Settings => typeof value === "object" && value !== null && !Array.isArray(value);

/** Where the machine is and how often it is asked; what no field shows stays as it is. */
export function ConnectionForm({
	driver,
	settings,
	onReview,
}: {
	driver: string;
	settings: Settings;
	onReview: (settings: Settings) => void;
}) {
	const { t } = useTranslation();
	const drivers = useQuery({
		queryKey: ["sense", "drivers"],
		queryFn: ({ signal }) => sense.drivers({}, { signal }),
		staleTime: 600_000,
	});
	const given = isRecord(settings.settings) ? settings.settings : {};
	const [texts, setTexts] = useState<Record<string, string>>();
	const [title, setTitle] = useState(String(settings.title ?? ""));
	const [every, setEvery] = useState(
		typeof settings.every === "number" ? `${settings.every} ms` : String(settings.every ?? "1s"),
	);
	return (
		<Answer of={drivers}>
			{(data) => {
				const known = data.drivers.find((each) => each.name === driver || each.title === driver || each.name === settings.driver);
				const fields = fieldsOf(known?.settings ?? {});
				const now = texts ?? textsOf(fields, given);
				const faulty =
					fields.some((field) => faultOf(field, now[field.name] ?? "") !== undefined) || durationMs(every) === undefined;
				return (
					<form
						className="stack"
						onSubmit={(event) => {
							event.preventDefault();
							const named = new Set(fields.map((field) => field.name));
							const kept = Object.fromEntries(Object.entries(given).filter(([name]) => !named.has(name)));
							onReview({ ...settings, title, every, settings: { ...kept, ...valuesOf(fields, now) } });
						}}
					>
						<div className="form-grid">
							<TextInput
								label={t("connections.titleField")}
								value={title}
								onChange={(event) => setTitle(event.currentTarget.value)}
							/>
							<TextInput
								label={t("add.every")}
								value={every}
								onChange={(event) => setEvery(event.currentTarget.value)}
								error={durationMs(every) === undefined ? t("add.badPace") : undefined}
							/>
						</div>
						<SchemaForm
							fields={fields}
							owner={known?.name ?? driver}
							texts={now}
							upfront={["port", "unit", "security", "user", "password"]}
							onChange={setTexts}
						/>
						<Button type="submit" disabled={faulty} style={{ alignSelf: "flex-end" }}>
							{t("connections.reviewChange")}
						</Button>
					</form>
				);
			}}
		</Answer>
	);
}
