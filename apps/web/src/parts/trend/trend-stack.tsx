import type { LimitEvent, TagState } from "@millwright/twin/api";
import { useTranslation } from "react-i18next";
import { levelSeverity } from "../analog-bar.tsx";
import { Answer, Empty } from "../states.tsx";
import { useFormat } from "../use-format.ts";
import { TrendPanel } from "./trend-panel.tsx";
import { useClock } from "./use-clock.ts";
import { useTrend } from "./use-trend.ts";

/** What is known about a tag beside its line; all of it may be missing. */
export type TrendTag = Pick<TagState, "tag"> &
	Partial<Pick<TagState, "title" | "unit" | "kind" | "normal" | "limits" | "limit" | "decimals" | "range" | "states">>;

/** Tags above each other, one clock and one cursor; tags of the same unit share a chart when `together` is set. */
export function TrendStack({
	tags,
	events,
	together,
	height = 108,
}: {
	tags: TrendTag[];
	events: LimitEvent[];
	together: boolean;
	height?: number;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	const control = useClock();
	const { asked, lines } = useTrend(
		tags.map((tag) => tag.tag),
		control.clock,
	);
	if (tags.length === 0) return <Empty title={t("trend.none")}>{t("trend.noneHint")}</Empty>;
	const about = new Map(tags.map((tag) => [tag.tag, tag]));
	return (
		<Answer of={asked} rows={8}>
			{(data) => {
				const shown = lines.filter((line) => about.has(line.tag));
				const groups = new Map<string, typeof shown>();
				for (const line of shown) {
					const key = together ? line.unit : line.tag;
					groups.set(key, [...(groups.get(key) ?? []), line]);
				}
				const panels = [...groups.values()];
				const severalAssets = new Set(shown.map((line) => line.tag.slice(0, line.tag.lastIndexOf("/")))).size > 1;
				const samples = shown.reduce((sum, line) => sum + line.samples, 0);
				return (
					<div className={asked.isPlaceholderData ? "trend-stack waiting" : "trend-stack"} aria-busy={asked.isPlaceholderData}>
						{panels.map((group, index) => (
							<TrendPanel
								key={group.map((line) => line.tag).join("|")}
								lines={group}
								about={about}
								withAsset={severalAssets}
								control={control}
								height={group.length > 1 ? height * 1.8 : height}
								axis={index === panels.length - 1}
								marks={events
									.filter((event) => group.some((line) => line.tag === event.tag))
									.map((event) => ({ from: event.raisedAt, until: event.clearedAt, severity: levelSeverity[event.level] }))}
							/>
						))}
						<p className="third small trend-foot">
							{shown.some((line) => line.reduced)
								? t("trend.reduced", { count: samples, number: format.count(samples) })
								: t("trend.whole", { count: samples, number: format.count(samples) })}{" "}
							· {t("trend.took", { time: format.duration(data.tookMs) })} · {t("trend.hint")}
						</p>
					</div>
				);
			}}
		</Answer>
	);
}
