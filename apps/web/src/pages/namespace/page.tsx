import { Tabs, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { PageHead } from "../../parts/page-head.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Empty } from "../../parts/states.tsx";
import { Bridges } from "./bridges.tsx";
import { Conversations } from "./conversations.tsx";
import { DeadLetters } from "./dead-letters.tsx";
import { FoundTags } from "./found-tags.tsx";
import { MqttClients } from "./mqtt-clients.tsx";
import { TopicDetail } from "./topic-detail.tsx";
import { TopicTree } from "./topic-tree.tsx";
import "../../parts/table.css";
import "./namespace.css";

/** Every topic by its place: the tree, its newest values, and what stands on one topic. */
export function NamespacePage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const navigate = useNavigate();
	const { tag, tab = "topics" } = useSearch({ strict: false });
	const [words, setWords] = useState("");
	const open = (next: string): void => void navigate({ to: "/namespace", search: { tag: next } });
	return (
		<div className="page">
			<PageHead title={t("nav.namespace")} />
			<Tabs
				value={tab}
				keepMounted={false}
				onChange={(next) =>
					void navigate({
						to: "/namespace",
						search: { ...(tag ? { tag } : {}), ...(next && next !== "topics" ? { tab: next } : {}) },
					})
				}
			>
				<Tabs.List>
					<Tabs.Tab value="topics">{t("namespace.topics")}</Tabs.Tab>
					{may("namespace.deadLetters") ? <Tabs.Tab value="letters">{t("namespace.deadLetters")}</Tabs.Tab> : null}
					{may("namespace.clients") ? <Tabs.Tab value="clients">{t("namespace.clients")}</Tabs.Tab> : null}
					{may("namespace.conversations") ? <Tabs.Tab value="talks">{t("namespace.talks")}</Tabs.Tab> : null}
					{may("namespace.bridges") ? <Tabs.Tab value="bridges">{t("namespace.bridges")}</Tabs.Tab> : null}
				</Tabs.List>
				<Tabs.Panel value="topics" pt={14}>
					<div className={tag ? "namespace has-topic" : "namespace"}>
						<Panel className="namespace-tree" flush>
							<TextInput
								className="namespace-search"
								value={words}
								onChange={(event) => setWords(event.currentTarget.value)}
								placeholder={t("namespace.search")}
								aria-label={t("namespace.search")}
								leftSection={<IconSearch size={14} />}
							/>
							{words.trim() === "" ? (
								<TopicTree chosen={tag} onOpen={open} />
							) : (
								<FoundTags words={words.trim()} chosen={tag} onOpen={open} />
							)}
						</Panel>
						{tag ? (
							<TopicDetail key={tag} tag={tag} />
						) : (
							<Panel>
								<Empty title={t("namespace.choose")}>{t("namespace.chooseHint")}</Empty>
							</Panel>
						)}
					</div>
				</Tabs.Panel>
				<Tabs.Panel value="letters" pt={14}>
					<DeadLetters />
				</Tabs.Panel>
				<Tabs.Panel value="clients" pt={14}>
					<MqttClients />
				</Tabs.Panel>
				<Tabs.Panel value="talks" pt={14}>
					<Conversations />
				</Tabs.Panel>
				<Tabs.Panel value="bridges" pt={14}>
					<Bridges />
				</Tabs.Panel>
			</Tabs>
		</div>
	);
}
