import type { AssetState } from "@millwright/twin/api";
import { Link } from "@tanstack/react-router";
import { memo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { SeverityMark } from "../../parts/severity.tsx";
import { TagRow } from "../../parts/tag-row.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { useVisible } from "../../parts/use-visible.ts";
import { lastLevel } from "../../parts/words.ts";

const mostShown = 6;

/** The tags a template wants on the overview, in its order; without any wish, the first numbers, and always what is beyond a limit. */
export function overviewTags(asset: AssetState): AssetState["tags"] {
	const wished = asset.tags.filter((tag) => tag.overview !== undefined).sort((a, b) => (a.overview ?? 0) - (b.overview ?? 0));
	const shown = wished.length > 0 ? wished : asset.tags.filter((tag) => tag.kind === "number").slice(0, 4);
	const beyond = asset.tags.filter((tag) => tag.limit && !shown.includes(tag));
	return [...beyond, ...shown].slice(0, mostShown);
}

/** What the asset does, or since when nobody knows. */
export function ConditionLine({ asset, stateShown }: { asset: AssetState; stateShown?: boolean }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	if (asset.condition === "disconnected")
		return (
			<>
				{asset.lastGoodAt
					? t("condition.disconnectedSince", { time: format.moment(asset.lastGoodAt, now) })
					: t("condition.neverConnected")}
			</>
		);
	const state = format.words(asset.state);
	const beyond = asset.tags
		.filter((tag) => tag.limit)
		.map((tag) => `${format.words(tag.title)} ${t(`limit.${tag.limit}`)}`)
		.join(", ");
	const parts = [
		stateShown ? "" : state || (asset.condition === "good" ? t("condition.good") : ""),
		beyond,
		asset.condition === "stale" ? t("condition.stale") : "",
	];
	return <>{parts.filter(Boolean).join(" · ")}</>;
}

export const AssetCard = memo(function AssetCard({ asset }: { asset: AssetState }) {
	const format = useFormat();
	const card = useRef<HTMLElement>(null);
	const visible = useVisible(card);
	const away = asset.condition === "disconnected";
	return (
		<article
			ref={card}
			className={`asset-card live-surface${asset.severity ? ` ${asset.severity}` : ""}${away ? " away" : ""}`}
			aria-label={format.words(asset.title) || asset.asset}
		>
			<Link to="/assets/$" params={{ _splat: asset.asset }} className="asset-card-title">
				{asset.severity ? <SeverityMark severity={asset.severity} /> : null}
				<h3 className="cut" title={format.words(asset.title)}>
					{format.words(asset.title) || lastLevel(asset.asset)}
				</h3>
			</Link>
			<p className="asset-card-state cut">
				<ConditionLine asset={asset} />
			</p>
			<div className="asset-card-tags">
				{overviewTags(asset).map((tag) => (
					<TagRow key={tag.tag} tag={tag} visible={visible} />
				))}
			</div>
		</article>
	);
});
