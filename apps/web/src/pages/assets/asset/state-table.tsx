import { ActionIcon, Button, Checkbox } from "@mantine/core";
import type { AssetState, TagState } from "@millwright/twin/api";
import { IconPencil, IconRoute } from "@tabler/icons-react";
import { memo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { useLive, useLivePaint } from "../../../data/live.ts";
import { AnalogBar, levelSeverity } from "../../../parts/analog-bar.tsx";
import { placeOn, scaleOf } from "../../../parts/analog-scale.ts";
import { useLineage } from "../../../parts/lineage.tsx";
import { LiveNumber } from "../../../parts/live-number.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { Age, QualityWord } from "../../../parts/quality.tsx";
import { trustOf } from "../../../parts/show-value.ts";
import { unitLabel } from "../../../parts/unit-label.ts";
import { useFormat } from "../../../parts/use-format.ts";
import { useVisible } from "../../../parts/use-visible.ts";
import { LimitsForm } from "./limits-form.tsx";
import type { ChosenTags } from "./use-chosen-tags.ts";

function LiveAge({ tag }: { tag: TagState }) {
	const reading = useLive(tag.tag);
	return <Age at={reading?.lastGoodAt || tag.lastGoodAt || tag.at} />;
}

const LiveBar = memo(function LiveBar({ tag }: { tag: TagState }) {
	const pointer = useRef<HTMLSpanElement>(null);
	const scale = scaleOf(tag);
	const visible = useVisible(pointer);
	useLivePaint(tag.tag, visible, (reading) => {
		if (pointer.current && scale && typeof reading.value === "number")
			pointer.current.style.transform = `translateX(${(placeOn(scale, reading.value) * 100).toFixed(2)}%)`;
	});
	return (
		<AnalogBar
			wide
			tag={tag}
			value={typeof tag.value === "number" ? tag.value : null}
			pointer={pointer}
			level={tag.limit}
			away={trustOf(tag.quality) === "bad"}
		/>
	);
});

function LimitsCell({ tag }: { tag: TagState }) {
	const { t } = useTranslation();
	const format = useFormat();
	const { limits } = tag;
	if (!limits) return null;
	const parts = (["lowLow", "low", "high", "highHigh"] as const)
		.filter((level) => limits[level] !== undefined)
		.map((level) => ({ level, text: `${level.startsWith("low") ? "<" : ">"} ${format.value(limits[level] as number)}` }));
	return (
		<span className="mono limits-cell">
			{parts.map(({ level, text }) => (
				<span
					key={level}
					className={tag.limit === level ? `severity ${levelSeverity[level]}` : "second"}
					title={t(`limitName.${level}`)}
				>
					{text}
				</span>
			))}
		</span>
	);
}

/** The state vector: each value with its normal, quality, age and limits; tick what the charts shall show. */
export function StateTable({ asset, chosen }: { asset: AssetState; chosen: ChosenTags }) {
	const { t } = useTranslation();
	const format = useFormat();
	const { may } = useSession();
	const openLineage = useLineage();
	const [editing, setEditing] = useState<TagState>();
	const [all, setAll] = useState(false);
	const ordered = [...asset.tags].sort(
		(a, b) => Number(!a.limit) - Number(!b.limit) || (a.overview ?? 99) - (b.overview ?? 99) || a.name.localeCompare(b.name),
	);
	const shown = all ? ordered : ordered.slice(0, 12);
	return (
		<Panel title={t("asset.state")} note={t("asset.stateNote")} flush>
			<div className="table-scroll">
				<table className="table state-table">
					<thead>
						<tr>
							<th>
								<span className="visually-hidden">{t("asset.inTrend")}</span>
							</th>
							<th>{t("asset.tag")}</th>
							<th className="number">{t("asset.value")}</th>
							<th className="state-bar">{t("asset.range")}</th>
							<th>{t("asset.quality")}</th>
							<th>{t("asset.age")}</th>
							<th>{t("asset.limits")}</th>
							<th>
								<span className="visually-hidden">{t("asset.actions")}</span>
							</th>
						</tr>
					</thead>
					<tbody>
						{shown.map((tag) => (
							<tr key={tag.tag} className={trustOf(tag.quality) === "bad" ? "away" : undefined}>
								<td>
									<Checkbox
										checked={chosen.has(tag.tag)}
										onChange={() => chosen.toggle(tag.tag)}
										aria-label={t("asset.showInTrend", { name: format.words(tag.title) })}
										disabled={tag.kind === "text"}
									/>
								</td>
								<td>
									<span className="strong">{format.words(tag.title)}</span>
									{tag.derived ? (
										<span className="third small mono" title={tag.derived}>
											{" "}
											{t("asset.derived")}
										</span>
									) : null}
								</td>
								<td className={`number${tag.limit ? ` severity-text ${levelSeverity[tag.limit]}` : ""}`}>
									<LiveNumber tag={tag.tag} about={tag} initial={tag.value} initialTrust={trustOf(tag.quality)} />{" "}
									<span className="unit">{unitLabel(tag.unit)}</span>
								</td>
								<td className="state-bar">
									<LiveBar tag={tag} />
								</td>
								<td>
									<QualityWord quality={tag.quality} />
								</td>
								<td className="second">
									<LiveAge tag={tag} />
								</td>
								<td>
									<LimitsCell tag={tag} />
								</td>
								<td>
									<span className="row state-actions">
										{may("twin.setLimits") && tag.kind === "number" ? (
											<ActionIcon
												variant="subtle"
												color="gray"
												size={26}
												className="quiet-icon"
												aria-label={t("asset.editLimits", { name: format.words(tag.title) })}
												onClick={() => setEditing(tag)}
											>
												<IconPencil size={15} stroke={1.6} />
											</ActionIcon>
										) : null}
										{may("sense.lineage") && !tag.derived ? (
											<ActionIcon
												variant="subtle"
												color="gray"
												size={26}
												className="quiet-icon"
												aria-label={`${format.words(tag.title)}: ${t("lineage.open")}`}
												onClick={() => openLineage(tag.tag)}
											>
												<IconRoute size={15} stroke={1.6} />
											</ActionIcon>
										) : null}
									</span>
								</td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
			{ordered.length > 12 ? (
				<Button variant="subtle" fullWidth onClick={() => setAll(!all)}>
					{all ? t("asset.showFewer") : t("asset.showAll", { count: ordered.length })}
				</Button>
			) : null}
			{editing ? <LimitsForm asset={asset} tag={editing} onClose={() => setEditing(undefined)} /> : null}
		</Panel>
	);
}
