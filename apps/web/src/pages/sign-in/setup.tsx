import { PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { languageNow } from "../../app/i18n.ts";
import type { Person } from "../../app/session.tsx";
import { access } from "../../data/clients.ts";
import { Door } from "./door.tsx";

/** First start: whoever holds the terminal becomes the first administrator. */
export function Setup({ minLength, onDone }: { minLength: number; onDone: (me: Person) => void }) {
	const { t } = useTranslation();
	const [code, setCode] = useState("");
	const [name, setName] = useState("");
	const [login, setLogin] = useState("");
	const [password, setPassword] = useState("");
	const tooShort = password !== "" && password.length < minLength;
	return (
		<Door
			title={t("door.welcome")}
			note={t("door.setupNote")}
			action={t("door.begin")}
			ready={code !== "" && name !== "" && login.length > 1 && password.length >= minLength}
			onSubmit={async () =>
				onDone(
					await access.completeSetup({
						code: code.trim(),
						name: name.trim(),
						login: login.trim().toLowerCase(),
						password,
						language: languageNow(),
					}),
				)
			}
		>
			<TextInput
				size="sm"
				label={t("door.code")}
				description={t("door.codeNote")}
				name="code"
				autoComplete="one-time-code"
				spellCheck={false}
				value={code}
				onChange={(event) => setCode(event.currentTarget.value)}
				autoFocus
			/>
			<TextInput
				size="sm"
				label={t("door.name")}
				name="name"
				autoComplete="name"
				value={name}
				onChange={(event) => setName(event.currentTarget.value)}
			/>
			<TextInput
				size="sm"
				label={t("door.login")}
				description={t("door.loginNote")}
				name="login"
				autoComplete="username"
				autoCapitalize="none"
				spellCheck={false}
				value={login}
				onChange={(event) => setLogin(event.currentTarget.value)}
			/>
			<PasswordInput
				size="sm"
				label={t("door.password")}
				description={t("door.atLeast", { count: minLength })}
				error={tooShort ? t("door.missing", { count: minLength - password.length }) : undefined}
				name="password"
				autoComplete="new-password"
				value={password}
				onChange={(event) => setPassword(event.currentTarget.value)}
				visibilityToggleButtonProps={{ "aria-label": t("door.showPassword") }}
			/>
		</Door>
	);
}
