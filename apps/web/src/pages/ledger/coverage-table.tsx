import type { HistoryClient } from "@millwright/history/api";
import { useTranslation } from "react-i18next";
import { CardTable } from "../../parts/card-table.tsx";
import { useFormat } from "../../parts/use-format.ts";
import { lastLevel } from "../../parts/words.ts";

type Completeness = Awaited<ReturnType<HistoryClient["completeness"]>>;

/** A strip a tag: grey where its value was known and good, hatched where it was not. */
export function CoverageTable({ coverage: { tags, total } }: { coverage: Completeness }) {
	const { t } = useTranslation();
	const format = useFormat();
	return (
		<>
			<CardTable label={t("proof.coverage")} className="two">
				<thead>
					<tr>
						<th>{t("asset.tag")}</th>
						<th className="coverage-cell">{t("proof.known")}</th>
						<th className="number">{t("proof.covered")}</th>
						<th className="number">{t("history.samples")}</th>
						<th className="number">{t("history.good")}</th>
						<th>{t("proof.longestGap")}</th>
					</tr>
				</thead>
				<tbody>
					{tags.map((tag) => {
						const longest = tag.gaps.reduce<{ from: number; until: number } | undefined>(
							(found, gap) => (found && found.until - found.from >= gap.until - gap.from ? found : gap),
							undefined,
						);
						return (
							<tr key={tag.tag}>
								<td className="mono" title={tag.tag}>
									{lastLevel(tag.tag)}
								</td>
								<td className="coverage-cell whole">
									<Strip
										shares={tag.strip}
										label={t("proof.stripOf", { name: tag.tag, share: format.percent(tag.covered, 2) })}
									/>
								</td>
								<td className="number">{format.percent(floored(tag.covered), 2)}</td>
								<td className="number">{format.count(tag.samples)}</td>
								<td className="number">{tag.samples === 0 ? "–" : format.percent(floored(tag.good / tag.samples), 2)}</td>
								<td className="second whole">
									{longest
										? `${format.duration(longest.until - longest.from)} · ${format.dateTime(longest.from)}`
										: t("proof.noGap")}
								</td>
							</tr>
						);
					})}
				</tbody>
			</CardTable>
			{total > tags.length ? (
				<p className="second small coverage-bar">{t("proof.moreTags", { number: total - tags.length })}</p>
			) : null}
		</>
	);
}

/** What is not whole is never shown as 100 %. */
const floored = (share: number): number => Math.floor(share * 10_000) / 10_000;

function Strip({ shares, label }: { shares: readonly number[]; label: string }) {
	const width = 100 / Math.max(1, shares.length);
	return (
		<svg className="strip" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={label}>
			{shares.map((share, at) =>
				share > 0 ? (
					<rect
						// biome-ignore lint/suspicious/noArrayIndexKey: a bucket is its place in the strip
						key={at}
						x={at * width}
						width={width + 0.05}
						y={10 - 10 * share}
						height={10 * share}
					/>
				) : null,
			)}
		</svg>
	);
}
