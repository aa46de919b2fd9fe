import { Button } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { languages, speak } from "../../app/i18n.ts";
import { Mark } from "../../app/mark.tsx";
import { Failed } from "../../parts/states.tsx";
import "./door.css";

/** The card at the door: what it is for, its fields, one button, the error where it happened. */
export function Door({
	title,
	note,
	action,
	children,
	ready = true,
	onSubmit,
}: {
	title: string;
	note?: string;
	action: string;
	children: ReactNode;
	ready?: boolean;
	onSubmit: () => Promise<void>;
}) {
	const { i18n, t } = useTranslation();
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>();
	const submit = async (event: FormEvent): Promise<void> => {
		event.preventDefault();
		setBusy(true);
		setError(undefined);
		try {
			await onSubmit();
		} catch (problem) {
			setError(problem);
		} finally {
			setBusy(false);
		}
	};
	return (
		<main className="door">
			<form className="door-card" onSubmit={(event) => void submit(event)} aria-labelledby="door-title">
				<p className="door-brand">
					<Mark size={26} />
					Millwright
				</p>
				<h1 id="door-title">{title}</h1>
				{note ? <p className="second">{note}</p> : null}
				{children}
				{error ? <Failed error={error} /> : null}
				<Button type="submit" size="sm" loading={busy} disabled={!ready} fullWidth>
					{action}
				</Button>
				<fieldset className="door-languages" aria-label={t("person.language")}>
					{languages.map((language) => (
						<button
							key={language}
							type="button"
							lang={language}
							className="plain-button"
							aria-pressed={i18n.language === language}
							onClick={() => void speak(language)}
						>
							{language === "en" ? "English" : "Español"}
						</button>
					))}
				</fieldset>
			</form>
		</main>
	);
}
