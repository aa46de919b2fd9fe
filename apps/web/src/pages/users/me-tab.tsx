import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { access } from "../../data/clients.ts";
import { Fact, Panel } from "../../parts/panel.tsx";
import { Failed } from "../../parts/states.tsx";

/** One's own name and password, and what one's roles allow. */
export function MeTab() {
	const { t } = useTranslation();
	const { me, replace, may } = useSession();
	const [name, setName] = useState(me.name);
	const [now, setNow] = useState("");
	const [next, setNext] = useState("");
	const [error, setError] = useState<unknown>();
	const [saved, setSaved] = useState("");
	const save = async (input: Parameters<typeof access.updateMe>[0], words: string): Promise<void> => {
		setError(undefined);
		setSaved("");
		try {
			replace(await access.updateMe(input));
			setNow("");
			setNext("");
			setSaved(words);
		} catch (problem) {
			setError(problem);
		}
	};
	return (
		<div className="me-columns">
			<Panel title={t("users.tab.me")}>
				<dl>
					<Fact name={t("door.login")}>{me.login ?? me.id}</Fact>
					<Fact name={t("users.roles")}>{me.roles.map((role) => t(`role.${role}`)).join(", ")}</Fact>
					<Fact name={t("users.sees")}>{t("users.upTo", { dataClass: t(`dataClass.${me.clearance}`) })}</Fact>
				</dl>
				{may("access.updateMe") ? (
					<form
						className="stack me-form"
						onSubmit={(event) => {
							event.preventDefault();
							void save({ name: name.trim() }, t("users.nameSaved"));
						}}
					>
						<TextInput label={t("users.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
						<Button type="submit" disabled={name.trim() === "" || name === me.name} style={{ alignSelf: "flex-start" }}>
							{t("action.save")}
						</Button>
					</form>
				) : null}
			</Panel>
			{may("access.updateMe") ? (
				<Panel title={t("users.changePassword")}>
					<form
						className="stack"
						onSubmit={(event) => {
							event.preventDefault();
							void save({ password: { now, next } }, t("users.passwordSaved"));
						}}
					>
						<PasswordInput
							label={t("users.passwordNow")}
							autoComplete="current-password"
							value={now}
							onChange={(event) => setNow(event.currentTarget.value)}
							visibilityToggleButtonProps={{ "aria-label": t("door.showPassword") }}
						/>
						<PasswordInput
							label={t("door.passwordNext")}
							autoComplete="new-password"
							value={next}
							onChange={(event) => setNext(event.currentTarget.value)}
							visibilityToggleButtonProps={{ "aria-label": t("door.showPassword") }}
						/>
						<Button type="submit" disabled={now === "" || next === ""} style={{ alignSelf: "flex-start" }}>
							{t("door.setPassword")}
						</Button>
					</form>
				</Panel>
			) : null}
			{error ? <Failed error={error} /> : null}
			<p role="status" className="second">
				{saved}
			</p>
		</div>
	);
}
