import { Button, Checkbox, Modal, Select, TextInput } from "@mantine/core";
import type { Person } from "@millwright/access/api";
import { Role } from "@millwright/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { isLanguage } from "../../app/i18n.ts";
import { access } from "../../data/clients.ts";
import { Failed } from "../../parts/states.tsx";

/** A new person, or another name and other roles for one that is known. */
export function PersonForm({
	person,
	onClose,
	onSaved,
}: {
	person: Person | undefined;
	onClose: () => void;
	onSaved: (name: string, firstPassword: string | undefined) => void;
}) {
	const { t } = useTranslation();
	const [name, setName] = useState(person?.name ?? "");
	const [login, setLogin] = useState(person?.login ?? "");
	const [roles, setRoles] = useState<readonly Role[]>(person?.roles ?? ["operator"]);
	const [language, setLanguage] = useState<string | null>(person?.language ?? null);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>();
	const save = async (): Promise<void> => {
		setBusy(true);
		setError(undefined);
		try {
			if (person) {
				const answer = await access.updatePerson({ id: person.id, name: name.trim(), roles: [...roles] });
				onSaved(name, answer.firstPassword);
			} else {
				const answer = await access.addPerson({
					login: login.trim().toLowerCase(),
					name: name.trim(),
					roles: [...roles],
					...(isLanguage(language) ? { language } : {}),
				});
				onSaved(name, answer.firstPassword);
			}
		} catch (problem) {
			setError(problem);
			setBusy(false);
		}
	};
	return (
		<Modal
			opened
			onClose={onClose}
			title={<span className="strong">{person ? t("users.editPerson", { name: person.name }) : t("users.addPerson")}</span>}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<form
				className="stack"
				onSubmit={(event) => {
					event.preventDefault();
					void save();
				}}
			>
				<TextInput
					label={t("users.name")}
					value={name}
					onChange={(event) => setName(event.currentTarget.value)}
					data-autofocus
					required
				/>
				{person ? null : (
					<TextInput
						label={t("door.login")}
						description={t("door.loginNote")}
						value={login}
						onChange={(event) => setLogin(event.currentTarget.value)}
						autoCapitalize="none"
						spellCheck={false}
						required
					/>
				)}
				<Checkbox.Group
					label={t("users.roles")}
					value={[...roles]}
					onChange={(value) => setRoles(Role.options.filter((role) => value.includes(role)))}
				>
					<div className="role-choices">
						{Role.options.map((role) => (
							<Checkbox key={role} value={role} label={t(`role.${role}`)} />
						))}
					</div>
				</Checkbox.Group>
				{person ? null : (
					<Select
						label={t("person.language")}
						data={[
							{ value: "en", label: "English" },
							{ value: "es", label: "Español" },
						]}
						value={language}
						onChange={setLanguage}
						clearable
					/>
				)}
				{error ? <Failed error={error} /> : null}
				<div className="row" style={{ justifyContent: "flex-end" }}>
					<Button variant="default" onClick={onClose}>
						{t("action.cancel")}
					</Button>
					<Button
						type="submit"
						loading={busy}
						disabled={name.trim() === "" || roles.length === 0 || (!person && login.trim().length < 2)}
					>
						{person ? t("action.save") : t("action.add")}
					</Button>
				</div>
			</form>
		</Modal>
	);
}
