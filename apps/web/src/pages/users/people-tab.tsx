import { Button } from "@mantine/core";
import type { Person } from "@millwright/access/api";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { access } from "../../data/clients.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { PersonForm } from "./person-form.tsx";
import { SecretOnce } from "./secret-once.tsx";

/** People, what they are, and whether they may sign in. */
export function PeopleTab() {
	const { t } = useTranslation();
	const { may, me } = useSession();
	const format = useFormat();
	const now = useNow(10_000);
	const questions = useQueryClient();
	const [editing, setEditing] = useState<Person | "new">();
	const [asking, setAsking] = useState<{ person: Person; to: "reset" | "deactivate" | "activate" }>();
	const [secret, setSecret] = useState<{ name: string; secret: string }>();
	const people = useQuery({ queryKey: ["access", "people"], queryFn: ({ signal }) => access.people({}, { signal }) });
	const renew = (): Promise<void> => questions.invalidateQueries({ queryKey: ["access"] });
	const mayEdit = may("access.updatePerson");
	return (
		<Panel
			title={t("users.people")}
			note={people.data ? String(people.data.people.length) : undefined}
			flush
			side={
				may("access.addPerson") ? (
					<Button leftSection={<IconPlus size={14} />} onClick={() => setEditing("new")}>
						{t("users.addPerson")}
					</Button>
				) : undefined
			}
		>
			<Answer of={people}>
				{(data) => (
					<div className="table-scroll">
						<table className="table">
							<thead>
								<tr>
									<th>{t("users.name")}</th>
									<th>{t("door.login")}</th>
									<th>{t("users.roles")}</th>
									<th>{t("users.lastSeen")}</th>
									<th>{t("users.state")}</th>
									<th>
										<span className="visually-hidden">{t("asset.actions")}</span>
									</th>
								</tr>
							</thead>
							<tbody>
								{data.people.map((person) => (
									<tr key={person.id} className={person.active ? undefined : "inactive"}>
										<td className="strong">{person.name}</td>
										<td className="mono">{person.login}</td>
										<td>{person.roles.map((role) => t(`role.${role}`)).join(", ")}</td>
										<td className="second">{person.lastSeenAt ? format.moment(person.lastSeenAt, now) : t("age.never")}</td>
										<td className="second">
											{!person.active
												? t("users.inactive")
												: person.mustChangePassword
													? t("users.mustChange")
													: t("users.active")}
										</td>
										<td>
											{mayEdit ? (
												<span className="row row-actions">
													<Button variant="subtle" size="compact-xs" onClick={() => setEditing(person)}>
														{t("action.edit")}
													</Button>
													<Button variant="subtle" size="compact-xs" onClick={() => setAsking({ person, to: "reset" })}>
														{t("users.resetPassword")}
													</Button>
													{person.id !== me.id ? (
														<Button
															variant="subtle"
															size="compact-xs"
															onClick={() => setAsking({ person, to: person.active ? "deactivate" : "activate" })}
														>
															{person.active ? t("users.deactivate") : t("users.activate")}
														</Button>
													) : null}
												</span>
											) : null}
										</td>
									</tr>
								))}
							</tbody>
						</table>
					</div>
				)}
			</Answer>
			{editing ? (
				<PersonForm
					person={editing === "new" ? undefined : editing}
					onClose={() => setEditing(undefined)}
					onSaved={(name, firstPassword) => {
						setEditing(undefined);
						if (firstPassword) setSecret({ name, secret: firstPassword });
						void renew();
					}}
				/>
			) : null}
			{asking ? (
				<Confirm
					title={t(`users.${asking.to}Title`, { name: asking.person.name })}
					action={asking.to === "reset" ? t("users.resetPassword") : t(`users.${asking.to}`)}
					danger={asking.to === "deactivate"}
					askWhy
					onClose={() => setAsking(undefined)}
					onConfirm={async (why) => {
						const answer = await access.updatePerson(
							{
								id: asking.person.id,
								...(asking.to === "reset" ? { resetPassword: true } : { active: asking.to === "activate" }),
							},
							why ? { why } : {},
						);
						if (answer.firstPassword) setSecret({ name: asking.person.name, secret: answer.firstPassword });
						await renew();
					}}
				>
					<p className="second">{t(`users.${asking.to}Note`)}</p>
				</Confirm>
			) : null}
			{secret ? (
				<SecretOnce
					title={t("users.firstPassword", { name: secret.name })}
					secret={secret.secret}
					onClose={() => setSecret(undefined)}
				/>
			) : null}
		</Panel>
	);
}
