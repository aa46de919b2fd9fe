import { Button, Checkbox, Modal, Textarea, TextInput } from "@mantine/core";
import { isFilter, Role } from "@millwright/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { access } from "../../data/clients.ts";
import { Failed } from "../../parts/states.tsx";

const filtersIn = (text: string): string[] =>
	text
		.split(/[\s,]+/)
		.map((filter) => filter.trim())
		.filter((filter) => filter !== "");

/** A key for a program or an MQTT client: its name, its topics, its roles, its end. */
export function KeyForm({ onClose, onMade }: { onClose: () => void; onMade: (name: string, secret: string) => void }) {
	const { t } = useTranslation();
	const [name, setName] = useState("");
	const [publish, setPublish] = useState("");
	const [subscribe, setSubscribe] = useState("");
	const [roles, setRoles] = useState<readonly Role[]>([]);
	const [until, setUntil] = useState("");
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>();
	const wrong = (text: string): string | undefined => filtersIn(text).find((filter) => !isFilter(filter));
	const make = async (): Promise<void> => {
		setBusy(true);
		setError(undefined);
		try {
			const answer = await access.addKey({
				name: name.trim(),
				roles: [...roles],
				topics: { publish: filtersIn(publish), subscribe: filtersIn(subscribe) },
				...(until ? { expiresAt: new Date(`${until}T23:59:59`).getTime() } : {}),
			});
			onMade(name.trim(), answer.secret);
		} catch (problem) {
			setError(problem);
			setBusy(false);
		}
	};
	const wrongPublish = wrong(publish);
	const wrongSubscribe = wrong(subscribe);
	return (
		<Modal
			opened
			onClose={onClose}
			title={<span className="strong">{t("keys.add")}</span>}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<form
				className="stack"
				onSubmit={(event) => {
					event.preventDefault();
					void make();
				}}
			>
				<TextInput
					label={t("users.name")}
					description={t("keys.nameNote")}
					value={name}
					onChange={(event) => setName(event.currentTarget.value)}
					data-autofocus
					required
				/>
				<Textarea
					label={t("keys.subscribe")}
					description={t("keys.filterNote")}
					autosize
					value={subscribe}
					placeholder="udt/northworks/#"
					error={wrongSubscribe ? t("keys.badFilter", { filter: wrongSubscribe }) : undefined}
					onChange={(event) => setSubscribe(event.currentTarget.value)}
				/>
				<Textarea
					label={t("keys.publish")}
					autosize
					value={publish}
					error={wrongPublish ? t("keys.badFilter", { filter: wrongPublish }) : undefined}
					onChange={(event) => setPublish(event.currentTarget.value)}
				/>
				<Checkbox.Group
					label={t("users.roles")}
					description={t("keys.rolesNote")}
					value={[...roles]}
					onChange={(value) => setRoles(Role.options.filter((role) => value.includes(role)))}
				>
					<div className="role-choices">
						{Role.options.map((role) => (
							<Checkbox key={role} value={role} label={t(`role.${role}`)} />
						))}
					</div>
				</Checkbox.Group>
				<TextInput
					type="date"
					label={t("keys.expires")}
					value={until}
					onChange={(event) => setUntil(event.currentTarget.value)}
				/>
				{error ? <Failed error={error} /> : null}
				<div className="row" style={{ justifyContent: "flex-end" }}>
					<Button variant="default" onClick={onClose}>
						{t("action.cancel")}
					</Button>
					<Button
						type="submit"
						loading={busy}
						disabled={name.trim() === "" || wrongPublish !== undefined || wrongSubscribe !== undefined}
					>
						{t("keys.make")}
					</Button>
				</div>
			</form>
		</Modal>
	);
}
