import { ActionIcon, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import type { TagStatus } from "@millwright/sense/api";
import { IconPencil, IconRoute, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { sense } from "../../../data/clients.ts";
import { useLineage } from "../../../parts/lineage.tsx";
import { LiveNumber } from "../../../parts/live-number.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { Age, QualityWord } from "../../../parts/quality.tsx";
import { trustOf } from "../../../parts/show-value.ts";
import { Answer, Empty } from "../../../parts/states.tsx";
import { unitLabel } from "../../../parts/unit-label.ts";
import { useFormat } from "../../../parts/use-format.ts";
import { lastLevel } from "../../../parts/words.ts";
import { WriteValue } from "../../../parts/write-value.tsx";

const rowHeight = 40;

/** The tags of a connection, however many: only rows on screen are drawn and subscribed. */
export function TagList({ connection }: { connection: string }) {
	const { t } = useTranslation();
	const format = useFormat();
	const [words, setWords] = useState("");
	const [search] = useDebouncedValue(words.trim(), 150);
	const tags = useQuery({
		queryKey: ["sense", "tags", connection, search],
		queryFn: ({ signal }) => sense.tags({ connection, limit: 5000, ...(search ? { search } : {}) }, { signal }),
		refetchInterval: 4000,
		placeholderData: keepPreviousData,
	});
	return (
		<Panel
			title={t("connections.tags")}
			note={tags.data ? format.count(tags.data.total) : undefined}
			flush
			side={
				<TextInput
					value={words}
					onChange={(event) => setWords(event.currentTarget.value)}
					placeholder={t("connections.findTag")}
					aria-label={t("connections.findTag")}
					leftSection={<IconSearch size={14} />}
				/>
			}
		>
			<Answer of={tags} rows={8}>
				{(data) => (data.tags.length === 0 ? <Empty title={t("connections.noTags")} /> : <Rows tags={data.tags} />)}
			</Answer>
		</Panel>
	);
}

function Rows({ tags }: { tags: TagStatus[] }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const openLineage = useLineage();
	const [writing, setWriting] = useState<TagStatus>();
	const scroll = useRef<HTMLDivElement>(null);
	const virtual = useVirtualizer({
		count: tags.length,
		getScrollElement: () => scroll.current,
		estimateSize: () => rowHeight,
		overscan: 6,
		getItemKey: (index) => tags[index]?.tag ?? index,
	});
	return (
		<div className="tag-list" ref={scroll}>
			<div className="tag-line head" aria-hidden="true">
				<span>{t("asset.tag")}</span>
				<span className="number">{t("asset.value")}</span>
				<span className="wide-only">{t("asset.quality")}</span>
				<span className="wide-only">{t("connections.address")}</span>
				<span className="wide-only">{t("asset.age")}</span>
			</div>
			<ul style={{ height: virtual.getTotalSize(), position: "relative" }} aria-label={t("connections.tags")}>
				{virtual.getVirtualItems().map((item) => {
					const tag = tags[item.index];
					if (!tag) return null;
					return (
						<li
							key={item.key}
							aria-setsize={tags.length}
							aria-posinset={item.index + 1}
							className={trustOf(tag.quality) === "bad" ? "tag-line away" : "tag-line"}
							style={{ transform: `translateY(${item.start}px)`, height: rowHeight }}
						>
							<span className="cut" title={tag.tag}>
								<span className="strong">{lastLevel(tag.tag)}</span>
								<br />
								<span className="mono third">{tag.tag.slice(0, -lastLevel(tag.tag).length - 1)}</span>
							</span>
							<span className="number">
								<LiveNumber tag={tag.tag} about={{ kind: tag.kind }} initial={tag.value} initialTrust={trustOf(tag.quality)} />{" "}
								<span className="unit">{unitLabel(tag.unit)}</span>
							</span>
							<span className="wide-only" title={tag.reason}>
								<QualityWord quality={tag.quality} />
							</span>
							<span className="wide-only second small">{tag.address}</span>
							<span className="wide-only second">
								<Age at={tag.at} />
							</span>
							<span className="row" style={{ gap: 0 }}>
								{tag.writable && may("sense.write") ? (
									<ActionIcon
										variant="subtle"
										color="gray"
										size={26}
										className="quiet-icon"
										aria-label={t("write.open", { tag: lastLevel(tag.tag) })}
										onClick={() => setWriting(tag)}
									>
										<IconPencil size={15} stroke={1.6} />
									</ActionIcon>
								) : may("sense.lineage") ? (
									<ActionIcon
										variant="subtle"
										color="gray"
										size={26}
										className="quiet-icon"
										aria-label={`${lastLevel(tag.tag)}: ${t("lineage.open")}`}
										onClick={() => openLineage(tag.tag)}
									>
										<IconRoute size={15} stroke={1.6} />
									</ActionIcon>
								) : null}
							</span>
						</li>
					);
				})}
			</ul>
			{writing ? <WriteValue tag={writing} onClose={() => setWriting(undefined)} /> : null}
		</div>
	);
}
