import { Button } from "@mantine/core";
import type { Conversation } from "@millwright/namespace/api";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { namespace } from "../../data/namespace-client.ts";
import { CardTable } from "../../parts/card-table.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";

const pageSize = 100;
const mostFilters = 6;

/** Who says what to whom over MQTT, those gone since included; the latest seen first. */
export function Conversations() {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const [limit, setLimit] = useState(pageSize);
	const conversations = useQuery({
		queryKey: ["namespace", "conversations", limit],
		queryFn: ({ signal }) => namespace.conversations({ limit }, { signal }),
		placeholderData: keepPreviousData,
		refetchInterval: 5000,
	});
	return (
		<Answer of={conversations}>
			{(data) => (
				<Panel title={t("namespace.talks")} note={t("namespace.talksNote")} flush>
					{data.conversations.length === 0 ? (
						<Empty title={t("namespace.noTalks")}>{t("namespace.noClientsHint")}</Empty>
					) : (
						<CardTable label={t("namespace.talks")}>
							<thead>
								<tr>
									<th>{t("client.id")}</th>
									<th>{t("client.who")}</th>
									<th>{t("client.lastSeen")}</th>
									<th>{t("client.publishes")}</th>
									<th>{t("client.subscriptions")}</th>
								</tr>
							</thead>
							<tbody>
								{data.conversations.map((one) => (
									<tr key={`${one.client} ${one.principal}`}>
										<td className="mono">{one.client}</td>
										<td>{one.principal}</td>
										<td className="second">{one.connected ? t("client.connected") : format.moment(one.lastSeen, now)}</td>
										<td className="client-topics">
											<Publishes of={one} />
										</td>
										<td className="client-topics">
											<FirstFew
												rows={one.subscribes.map((each) => ({
													key: `${each.filter} ${each.group ?? ""}`,
													topic: each.filter,
													about: each.group === undefined ? undefined : t("client.group", { name: each.group }),
												}))}
											/>
										</td>
									</tr>
								))}
							</tbody>
						</CardTable>
					)}
					{data.total > data.conversations.length ? (
						<div className="letter">
							<Button variant="default" size="compact-xs" onClick={() => setLimit(Math.min(5000, limit + pageSize))}>
								{t("action.showMore")}
							</Button>
						</div>
					) : null}
				</Panel>
			)}
		</Answer>
	);
}

function Publishes({ of }: { of: Conversation }) {
	const { t } = useTranslation();
	const format = useFormat();
	return (
		<FirstFew
			rows={[...of.publishes]
				.sort((a, b) => b.messages - a.messages)
				.map(({ filter, messages, bytes }) => ({
					key: filter,
					topic: filter,
					about: t("client.messages", { count: messages, number: format.short(messages), size: format.bytes(bytes) }),
				}))}
		/>
	);
}

function FirstFew({ rows }: { rows: { key: string; topic: string; about: ReactNode }[] }) {
	const { t } = useTranslation();
	if (rows.length === 0) return <span className="third">–</span>;
	return (
		<ul>
			{rows.slice(0, mostFilters).map(({ key, topic, about }) => (
				<li key={key}>
					<span className="mono">{topic}</span> {about ? <span className="third">{about}</span> : null}
				</li>
			))}
			{rows.length > mostFilters ? (
				<li
					className="third"
					title={rows
						.slice(mostFilters)
						.map(({ topic }) => topic)
						.join("\n")}
				>
					{t("client.andMore", { count: rows.length - mostFilters })}
				</li>
			) : null}
		</ul>
	);
}
