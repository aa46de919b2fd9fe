import { useTranslation } from "react-i18next";
import { useFormat } from "../../parts/use-format.ts";
import { lastLevel, titleFromName } from "../../parts/words.ts";
import { AssetCard } from "./asset-card.tsx";
import type { PlaceGroup } from "./group-by-place.ts";

/** One line or cell with its assets side by side. */
export function PlacePanel({ group }: { group: PlaceGroup }) {
	const { t } = useTranslation();
	const format = useFormat();
	const abnormal = group.assets.filter((asset) => asset.condition === "abnormal").length;
	const away = group.assets.filter((asset) => asset.condition === "disconnected").length;
	return (
		<section className="panel place" aria-label={format.words(group.place?.title) || group.path}>
			<header className="panel-head">
				<h2>{format.words(group.place?.title) || titleFromName(lastLevel(group.path))}</h2>
				<span className="second small cut">{group.above.map((place) => format.words(place.title)).join(" / ")}</span>
				<span className="grow" />
				<span className="second small place-counts">
					{abnormal > 0 ? <span className="strong ink">{t("overview.abnormal", { count: abnormal })}</span> : null}
					{away > 0 ? <span>{t("overview.notConnected", { count: away })}</span> : null}
					<span>{t("overview.assets", { count: group.assets.length })}</span>
				</span>
			</header>
			<div className="place-assets">
				{group.assets.map((asset) => (
					<AssetCard key={asset.asset} asset={asset} />
				))}
			</div>
		</section>
	);
}
