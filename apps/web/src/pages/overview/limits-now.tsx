import type { AssetState, LimitEvent } from "@millwright/twin/api";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { useActiveLimits } from "../../data/use-overview.ts";
import { Panel } from "../../parts/panel.tsx";
import { SeverityMark } from "../../parts/severity.tsx";
import { Answer } from "../../parts/states.tsx";
import { unitLabel } from "../../parts/unit-label.ts";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { lastLevel } from "../../parts/words.ts";

const rank = (event: LimitEvent): number => (event.severity === "critical" ? 0 : 1);

function LimitLine({ event, assets }: { event: LimitEvent; assets: AssetState[] }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const asset = assets.find((each) => each.asset === event.asset);
	const tag = asset?.tags.find((each) => each.tag === event.tag);
	const unit = unitLabel(event.unit);
	const show = (value: number): string => `${format.value(value)}${unit ? ` ${unit}` : ""}`;
	return (
		<li className="limit-line">
			<SeverityMark severity={event.severity} />
			<div className="grow">
				<p className="row between">
					<Link to="/assets/$" params={{ _splat: event.asset }} search={{ tags: [event.tag] }} className="strong limit-title">
						{format.words(asset?.title) || lastLevel(event.asset)}
					</Link>
					<time className="third small" dateTime={new Date(event.raisedAt).toISOString()} title={format.dateTime(event.raisedAt)}>
						{now - event.raisedAt < 1000 ? t("age.now") : format.duration(now - event.raisedAt)}
					</time>
				</p>
				<p className="second small">
					{t("limits.line", {
						tag: format.words(tag?.title) || lastLevel(event.tag),
						level: t(`limit.${event.level}`),
						limit: show(event.limit),
					})}
				</p>
				<p className="mono small">{t("limits.values", { value: show(event.value), worst: show(event.worst) })}</p>
			</div>
		</li>
	);
}

/** What is beyond a limit now: critical first, newest first. */
export function LimitsNow({ limits, assets }: { limits: ReturnType<typeof useActiveLimits>; assets: AssetState[] }) {
	const { t } = useTranslation();
	return (
		<div id="limits">
			<Panel title={t("limits.now")} note={t("limits.worstFirst")} flush>
				<Answer of={limits} rows={3}>
					{({ events }) =>
						events.length === 0 ? (
							<p className="second limits-none">{t("limits.none")}</p>
						) : (
							<ul>
								{[...events]
									.sort((a, b) => rank(a) - rank(b) || b.raisedAt - a.raisedAt)
									.map((event) => (
										<LimitLine key={event.id} event={event} assets={assets} />
									))}
							</ul>
						)
					}
				</Answer>
			</Panel>
		</div>
	);
}
