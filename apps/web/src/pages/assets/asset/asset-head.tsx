import type { AssetState } from "@millwright/twin/api";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useOverview } from "../../../data/use-overview.ts";
import { Kpi, KpiStrip } from "../../../parts/panel.tsx";
import { Age } from "../../../parts/quality.tsx";
import { SeverityMark } from "../../../parts/severity.tsx";
import { trustOf } from "../../../parts/show-value.ts";
import { useFormat } from "../../../parts/use-format.ts";
import { lastLevel, titleFromName } from "../../../parts/words.ts";
import { ConditionLine } from "../../overview/asset-card.tsx";

/** Where it stands, what it is, how it is. */
export function AssetHead({ asset }: { asset: AssetState }) {
	const { t } = useTranslation();
	const format = useFormat();
	const overview = useOverview();
	const titles = new Map(overview.data?.places.map((place) => [place.path, format.words(place.title)]));
	const levels = asset.place.split("/").map((_, index, all) => all.slice(0, index + 1).join("/"));
	const trusted = asset.tags.filter((tag) => trustOf(tag.quality) === "good").length;
	const beyond = asset.tags.filter((tag) => tag.limit).length;
	const away = asset.condition === "disconnected";
	return (
		<>
			<div className="page-head">
				<nav aria-label={t("asset.place")} className="second cut">
					{levels.map((level) => (
						<span key={level}>{titles.get(level) || titleFromName(lastLevel(level))} / </span>
					))}
				</nav>
				<h1>{format.words(asset.title) || lastLevel(asset.asset)}</h1>
				{asset.severity ? <SeverityMark severity={asset.severity} word /> : null}
				<span className="grow" />
				<Link to="/namespace" search={{ tag: asset.tags[0]?.tag ?? asset.asset }} className="small">
					{t("asset.inNamespace")}
				</Link>
			</div>
			<div className={away ? "asset-strip away" : "asset-strip"}>
				<KpiStrip>
					<Kpi
						label={asset.template}
						value={(away ? "" : format.words(asset.state)) || t(`condition.${asset.condition}`)}
						note={<ConditionLine asset={asset} stateShown />}
						{...(asset.severity ? { tone: asset.severity } : {})}
					/>
					<Kpi
						label={t("asset.tagsGood")}
						value={format.count(trusted)}
						unit={t("overview.of", { count: asset.tags.length, number: format.count(asset.tags.length) })}
						note={trusted === asset.tags.length ? t("asset.allGood") : t("asset.seeQuality")}
					/>
					<Kpi
						label={t("asset.beyondLimits")}
						value={format.count(beyond)}
						note={
							beyond === 0
								? t("limits.none")
								: asset.tags
										.filter((tag) => tag.limit)
										.map((tag) => format.words(tag.title))
										.join(", ")
						}
						{...(asset.severity ? { tone: asset.severity } : {})}
					/>
					<Kpi
						label={t("asset.lastGood")}
						value={<Age at={asset.lastGoodAt} />}
						note={asset.lastGoodAt ? format.dateTime(asset.lastGoodAt) : ""}
					/>
				</KpiStrip>
			</div>
		</>
	);
}
