import { PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Person } from "../../app/session.tsx";
import { access } from "../../data/clients.ts";
import { Door } from "./door.tsx";

export function SignIn({ onDone }: { onDone: (me: Person) => void }) {
	const { t } = useTranslation();
	const [login, setLogin] = useState("");
	const [password, setPassword] = useState("");
	return (
		<Door
			title={t("door.signIn")}
			action={t("door.signIn")}
			ready={login !== "" && password !== ""}
			onSubmit={async () => onDone(await access.signIn({ login: login.trim().toLowerCase(), password }))}
		>
			<TextInput
				size="sm"
				label={t("door.login")}
				name="login"
				autoComplete="username"
				autoCapitalize="none"
				spellCheck={false}
				value={login}
				onChange={(event) => setLogin(event.currentTarget.value)}
				autoFocus
			/>
			<PasswordInput
				size="sm"
				label={t("door.password")}
				name="password"
				autoComplete="current-password"
				value={password}
				onChange={(event) => setPassword(event.currentTarget.value)}
				visibilityToggleButtonProps={{ "aria-label": t("door.showPassword") }}
			/>
		</Door>
	);
}
