import { PasswordInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Person } from "../../app/session.tsx";
import { access } from "../../data/clients.ts";
import { Door } from "./door.tsx";

/** The first password was somebody else's idea; it must be replaced before anything is shown. */
export function NewPassword({ minLength, onDone }: { minLength: number; onDone: (me: Person) => void }) {
	const { t } = useTranslation();
	const [now, setNow] = useState("");
	const [next, setNext] = useState("");
	return (
		<Door
			title={t("door.newPassword")}
			note={t("door.newPasswordNote")}
			action={t("door.setPassword")}
			ready={now !== "" && next.length >= minLength && next !== now}
			onSubmit={async () => onDone(await access.updateMe({ password: { now, next } }))}
		>
			<PasswordInput
				size="sm"
				label={t("door.passwordNow")}
				autoComplete="current-password"
				value={now}
				onChange={(event) => setNow(event.currentTarget.value)}
				visibilityToggleButtonProps={{ "aria-label": t("door.showPassword") }}
				autoFocus
			/>
			<PasswordInput
				size="sm"
				label={t("door.passwordNext")}
				description={t("door.atLeast", { count: minLength })}
				error={next !== "" && next.length < minLength ? t("door.missing", { count: minLength - next.length }) : undefined}
				autoComplete="new-password"
				value={next}
				onChange={(event) => setNext(event.currentTarget.value)}
				visibilityToggleButtonProps={{ "aria-label": t("door.showPassword") }}
			/>
		</Door>
	);
}
