import { Button, Switch } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { access } from "../../data/clients.ts";
import { Panel } from "../../parts/panel.tsx";
import { ScrollText } from "../../parts/scroll-text.tsx";
import { Answer, Failed } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { agentWords } from "./agent-words.ts";

/** Where one is signed in, and the end of it. */
export function SessionsTab() {
	const { t } = useTranslation();
	const { may, me } = useSession();
	const format = useFormat();
	const now = useNow(10_000);
	const questions = useQueryClient();
	const [everyone, setEveryone] = useState(false);
	const [error, setError] = useState<unknown>();
	const sessions = useQuery({
		queryKey: ["access", "sessions", everyone],
		queryFn: ({ signal }) => access.sessions({ everyone }, { signal }),
		refetchInterval: 15_000,
	});
	const people = useQuery({
		queryKey: ["access", "people"],
		queryFn: ({ signal }) => access.people({}, { signal }),
		enabled: may("access.people"),
	});
	const nameOf = (id: string): string =>
		people.data?.people.find((person) => person.id === id)?.name ?? (id === me.id ? me.name : id);
	const end = async (id: string): Promise<void> => {
		setError(undefined);
		try {
			await access.endSession({ id });
			await questions.invalidateQueries({ queryKey: ["access", "sessions"] });
		} catch (problem) {
			setError(problem);
		}
	};
	return (
		<Panel
			title={t("users.tab.sessions")}
			flush
			side={
				may("access.people") ? (
					<Switch label={t("users.everyone")} checked={everyone} onChange={(event) => setEveryone(event.currentTarget.checked)} />
				) : undefined
			}
		>
			{error ? <Failed error={error} /> : null}
			<Answer of={sessions}>
				{(data) => (
					<ScrollText className="table-scroll" label={t("users.tab.sessions")}>
						<table className="table">
							<thead>
								<tr>
									<th>{t("users.name")}</th>
									<th>{t("users.device")}</th>
									<th>{t("client.from")}</th>
									<th>{t("client.since")}</th>
									<th>{t("users.lastSeen")}</th>
									<th>
										<span className="visually-hidden">{t("asset.actions")}</span>
									</th>
								</tr>
							</thead>
							<tbody>
								{data.sessions.map((session) => (
									<tr key={session.id}>
										<td className="strong">{nameOf(session.person)}</td>
										<td title={session.agent}>
											{agentWords(session.agent)} {session.current ? <span className="third">· {t("users.thisOne")}</span> : null}
										</td>
										<td className="mono second">{session.from}</td>
										<td className="second">{format.moment(session.createdAt, now)}</td>
										<td className="second">{format.moment(session.lastSeenAt, now)}</td>
										<td>
											{session.current || !may("access.endSession") ? null : (
												<Button variant="subtle" size="compact-xs" onClick={() => void end(session.id)}>
													{t("users.endSession")}
												</Button>
											)}
										</td>
									</tr>
								))}
							</tbody>
						</table>
					</ScrollText>
				)}
			</Answer>
		</Panel>
	);
}
