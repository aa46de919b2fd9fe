import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { levelSeverity } from "../analog-bar.tsx";
import { useLineage } from "../lineage.tsx";
import { LiveNumber } from "../live-number.tsx";
import { showValue } from "../show-value.ts";
import { unitLabel } from "../unit-label.ts";
import { useFormat } from "../use-format.ts";
import { lastLevel, titleFromName } from "../words.ts";
import { Chart } from "./chart.tsx";
import { type ChartMark, dashes } from "./draw.ts";
import type { TrendTag } from "./trend-stack.tsx";
import type { ClockControl } from "./use-clock.ts";
import type { TrendLine } from "./use-trend.ts";
import "./trend.css";

/** Name, unit, value (now, or under the cursor), and the line beside its normal. */
export function TrendPanel({
	lines,
	about,
	withAsset,
	control,
	marks,
	height,
	axis,
}: {
	lines: TrendLine[];
	about: Map<string, TrendTag>;
	/** Lines of several assets: the name alone would not do. */
	withAsset: boolean;
	control: ClockControl;
	marks: ChartMark[];
	height: number;
	axis: boolean;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	const openLineage = useLineage();
	const atCursor = useRef<(HTMLSpanElement | null)[]>([]);
	const only = lines.length === 1 && lines[0] ? about.get(lines[0].tag) : undefined;
	const nameOf = (tag: string): string => {
		const name = format.words(about.get(tag)?.title) || titleFromName(lastLevel(tag));
		return withAsset ? `${tag.split("/").at(-2) ?? ""} · ${name}` : name;
	};
	const limits = only?.limits
		? (["highHigh", "high", "low", "lowLow"] as const).flatMap((level) => {
				const value = only.limits?.[level];
				return value === undefined ? [] : [{ value, severity: levelSeverity[level] }];
			})
		: undefined;
	return (
		<div className="trend-panel">
			<div className="trend-head">
				{lines.map((line, index) => {
					const tag = about.get(line.tag);
					return (
						<span key={line.tag} className="trend-name">
							{lines.length > 1 ? (
								<svg width="22" height="8" aria-hidden="true" className={`trend-key line-${index % 4}`}>
									<line
										x1="0"
										x2="22"
										y1="4"
										y2="4"
										strokeWidth="2"
										strokeDasharray={(dashes[index % dashes.length] as number[]).join(" ")}
									/>
								</svg>
							) : null}
							<button
								type="button"
								className="plain-button"
								title={`${line.tag}\n${t("lineage.open")}`}
								onClick={() => openLineage(line.tag)}
							>
								{nameOf(line.tag)}
							</button>
							<span className="third">{unitLabel(line.unit)}</span>
							<span className={`mono strong trend-value ${tag?.limit ? levelSeverity[tag.limit] : ""}`}>
								<span
									ref={(element) => {
										atCursor.current[index] = element;
									}}
									className="trend-at-cursor"
								/>
								<span className="trend-now">
									<LiveNumber tag={line.tag} about={tag ?? {}} />
								</span>
							</span>
						</span>
					);
				})}
			</div>
			<Chart
				label={t("trend.label", { names: lines.map((line) => nameOf(line.tag)).join(", ") })}
				series={lines.map((line) => ({
					tag: line.tag,
					line: line.line,
					tail: line.tail,
					stepped: about.get(line.tag)?.states !== undefined || ["integer", "boolean"].includes(about.get(line.tag)?.kind ?? ""),
				}))}
				clock={control.clock}
				locale={format.locale}
				height={height + (axis ? 22 : 0)}
				normal={only?.normal}
				{...(limits ? { limits } : {})}
				marks={marks}
				severity={only?.limit ? levelSeverity[only.limit] : undefined}
				axis={axis}
				onShow={control.show}
				onReset={() => control.follow(control.clock.live ? control.clock.window : "1h")}
				onCursor={(values, at) => {
					for (let index = 0; index < lines.length; index++) {
						const element = atCursor.current[index];
						const line = lines[index];
						if (!element || !line) continue;
						const value = values?.[index];
						const text =
							values === undefined || at === undefined
								? ""
								: `${format.clockSeconds(at)}  ${typeof value === "number" ? showValue(value, about.get(line.tag) ?? {}, format) : "–"}`;
						if (element.textContent !== text) element.textContent = text;
					}
				}}
			/>
		</div>
	);
}
