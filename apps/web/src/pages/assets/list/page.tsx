import { TextInput } from "@mantine/core";
import type { AssetState } from "@millwright/twin/api";
import { IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useOverview } from "../../../data/use-overview.ts";
import { PageHead } from "../../../parts/page-head.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { Age } from "../../../parts/quality.tsx";
import { SeverityMark } from "../../../parts/severity.tsx";
import { Answer, Empty } from "../../../parts/states.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import { lastLevel } from "../../../parts/words.ts";
import { ConditionLine } from "../../overview/asset-card.tsx";
import { holdsWords } from "./holds-words.ts";
import "../../../parts/table.css";

const urgency: Record<AssetState["condition"], number> = { abnormal: 0, disconnected: 1, stale: 2, good: 3 };

/** Every asset of the plant in a list, the abnormal first. */
export function AssetsPage() {
	const { t } = useTranslation();
	const format = useFormat();
	const overview = useOverview();
	const [words, setWords] = useState("");
	return (
		<div className="page">
			<PageHead
				title={t("nav.twins")}
				note={overview.data ? t("overview.assets", { count: overview.data.counts.assets }) : undefined}
			>
				<TextInput
					value={words}
					onChange={(event) => setWords(event.currentTarget.value)}
					placeholder={t("assets.find")}
					aria-label={t("assets.find")}
					leftSection={<IconSearch size={14} />}
				/>
			</PageHead>
			<Panel flush>
				<Answer of={overview} rows={10}>
					{({ assets, places }) => {
						const placeTitle = new Map(places.map((place) => [place.path, format.words(place.title)]));
						const shown = assets
							.filter((asset) =>
								holdsWords(
									`${format.words(asset.title)} ${asset.asset} ${asset.template} ${placeTitle.get(asset.place) ?? ""}`,
									words,
								),
							)
							.sort((a, b) => urgency[a.condition] - urgency[b.condition]);
						if (shown.length === 0) return <Empty title={t("assets.none")} />;
						return (
							<div className="table-scroll">
								<table className="table">
									<thead>
										<tr>
											<th>{t("assets.asset")}</th>
											<th>{t("assets.place")}</th>
											<th>{t("assets.template")}</th>
											<th>{t("assets.condition")}</th>
											<th>{t("asset.lastGood")}</th>
										</tr>
									</thead>
									<tbody>
										{shown.map((asset) => (
											<tr key={asset.asset} className={asset.condition === "disconnected" ? "can-open away" : "can-open"}>
												<td>
													<span className="row">
														{asset.severity ? <SeverityMark severity={asset.severity} /> : null}
														<Link to="/assets/$" params={{ _splat: asset.asset }} className="strong">
															{format.words(asset.title) || lastLevel(asset.asset)}
														</Link>
													</span>
												</td>
												<td>{placeTitle.get(asset.place) ?? asset.place}</td>
												<td className="second">{asset.template}</td>
												<td>
													<ConditionLine asset={asset} />
												</td>
												<td className="second">
													<Age at={asset.lastGoodAt} />
												</td>
											</tr>
										))}
									</tbody>
								</table>
							</div>
						);
					}}
				</Answer>
			</Panel>
		</div>
	);
}
