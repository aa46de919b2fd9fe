import { Button } from "@mantine/core";
import type { ApiKey } from "@millwright/access/api";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { access } from "../../data/clients.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { KeyForm } from "./key-form.tsx";
import { SecretOnce } from "./secret-once.tsx";

/** Keys of programs and MQTT clients, with their rights on topics. */
export function KeysTab() {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(10_000);
	const questions = useQueryClient();
	const [adding, setAdding] = useState(false);
	const [revoking, setRevoking] = useState<ApiKey>();
	const [secret, setSecret] = useState<{ name: string; secret: string }>();
	const keys = useQuery({ queryKey: ["access", "keys"], queryFn: ({ signal }) => access.keys({}, { signal }) });
	const addButton = may("access.addKey") ? (
		<Button leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
			{t("keys.add")}
		</Button>
	) : undefined;
	return (
		<Panel title={t("users.tab.keys")} note={t("keys.note")} flush side={addButton}>
			<Answer of={keys}>
				{(data) =>
					data.keys.length === 0 ? (
						<Empty title={t("keys.none")}>{t("keys.noneHint")}</Empty>
					) : (
						<div className="table-scroll">
							<table className="table">
								<thead>
									<tr>
										<th>{t("users.name")}</th>
										<th>{t("keys.key")}</th>
										<th>{t("users.roles")}</th>
										<th>{t("keys.publish")}</th>
										<th>{t("keys.subscribe")}</th>
										<th>{t("keys.lastUsed")}</th>
										<th>{t("keys.expires")}</th>
										<th>{t("users.state")}</th>
									</tr>
								</thead>
								<tbody>
									{data.keys.map((key) => (
										<tr key={key.id} className={key.active ? undefined : "inactive"}>
											<td className="strong">{key.name}</td>
											<td className="mono">{key.hint}…</td>
											<td>{key.roles.map((role) => t(`role.${role}`)).join(", ") || "–"}</td>
											<td className="mono">{key.topics.publish.join(", ") || "–"}</td>
											<td className="mono">{key.topics.subscribe.join(", ") || "–"}</td>
											<td className="second">{key.lastUsedAt ? format.moment(key.lastUsedAt, now) : t("age.never")}</td>
											<td className="second">{key.expiresAt ? format.date(key.expiresAt) : t("keys.never")}</td>
											<td>
												{!key.active ? (
													<span className="second">{t("keys.revoked")}</span>
												) : may("access.revokeKey") ? (
													<Button variant="subtle" size="compact-xs" onClick={() => setRevoking(key)}>
														{t("keys.revoke")}
													</Button>
												) : (
													t("users.active")
												)}
											</td>
										</tr>
									))}
								</tbody>
							</table>
						</div>
					)
				}
			</Answer>
			{adding ? (
				<KeyForm
					onClose={() => setAdding(false)}
					onMade={(name, made) => {
						setAdding(false);
						setSecret({ name, secret: made });
						void questions.invalidateQueries({ queryKey: ["access", "keys"] });
					}}
				/>
			) : null}
			{revoking ? (
				<Confirm
					title={t("keys.revokeTitle", { name: revoking.name })}
					action={t("keys.revoke")}
					danger
					askWhy
					onClose={() => setRevoking(undefined)}
					onConfirm={async (why) => {
						await access.revokeKey({ id: revoking.id }, why ? { why } : {});
						await questions.invalidateQueries({ queryKey: ["access", "keys"] });
					}}
				>
					<p className="second">{t("keys.revokeNote")}</p>
				</Confirm>
			) : null}
			{secret ? (
				<SecretOnce
					title={t("keys.secretOf", { name: secret.name })}
					secret={secret.secret}
					onClose={() => setSecret(undefined)}
				/>
			) : null}
		</Panel>
	);
}
