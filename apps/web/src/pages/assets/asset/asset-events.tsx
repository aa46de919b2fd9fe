import type { AssetState } from "@millwright/twin/api";
import { useTranslation } from "react-i18next";
import { Panel } from "../../../parts/panel.tsx";
import { SeverityMark } from "../../../parts/severity.tsx";
import { Answer } from "../../../parts/states.tsx";
import { useClock } from "../../../parts/trend/use-clock.ts";
import { unitLabel } from "../../../parts/unit-label.ts";
import { useFormat, useNow } from "../../../parts/use-format.ts";
import { lastLevel } from "../../../parts/words.ts";
import type { useAssetEvents } from "./use-asset-events.ts";

const around = 0.5;

/** Limits raised and cleared in the window of the charts; a click brings the charts there. */
export function AssetEvents({ asset, events }: { asset: AssetState; events: ReturnType<typeof useAssetEvents> }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const { show } = useClock();
	const titles = new Map(asset.tags.map((tag) => [tag.tag, format.words(tag.title)]));
	return (
		<Panel title={t("asset.events")} note={t("asset.eventsNote")} flush>
			<Answer of={events} rows={3}>
				{(data) =>
					data.events.length === 0 ? (
						<p className="second asset-none">{t("asset.noEvents")}</p>
					) : (
						<ul className="event-list">
							{data.events.map((event) => {
								const end = event.clearedAt ?? now;
								const margin = Math.max(60_000, (end - event.raisedAt) * around);
								return (
									<li key={event.id}>
										<button
											type="button"
											className="plain-button event-line"
											onClick={() => show({ from: event.raisedAt - margin, until: end + margin })}
										>
											<SeverityMark severity={event.severity} />
											<span className="grow">
												<span className="strong">
													{titles.get(event.tag) ?? lastLevel(event.tag)} {t(`limit.${event.level}`)}
												</span>
												<br />
												<span className="second small">
													{format.moment(event.raisedAt, now)} ·{" "}
													{event.clearedAt === undefined
														? t("asset.sinceThen")
														: t("asset.lasted", { time: format.duration(event.clearedAt - event.raisedAt) })}
												</span>
											</span>
											<span className="mono small">
												{format.value(event.worst)} {unitLabel(event.unit)}
											</span>
										</button>
									</li>
								);
							})}
						</ul>
					)
				}
			</Answer>
		</Panel>
	);
}
