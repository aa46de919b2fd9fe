import type { TagState } from "@millwright/twin/api";
import { memo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useLivePaint } from "../data/live.ts";
import type { LiveReading } from "../data/live-slots.ts";
import { AnalogBar, levelSeverity } from "./analog-bar.tsx";
import { placeOn, scaleOf } from "./analog-scale.ts";
import { showValue } from "./show-value.ts";
import { unitLabel } from "./unit-label.ts";
import { type Format, useFormat } from "./use-format.ts";
import "./tag-row.css";

/** The text a live value is shown as, and whether it may be trusted. */
export function textOf(tag: TagState, reading: Pick<LiveReading, "value" | "quality">, format: Format): string {
	return showValue(reading.value, tag, format);
}

/** Label, analog bar, live number with unit. The number and pointer are painted past React, inside the frame. */
export const TagRow = memo(function TagRow({ tag, visible }: { tag: TagState; visible: boolean }) {
	const { t } = useTranslation();
	const format = useFormat();
	const number = useRef<HTMLSpanElement>(null);
	const pointer = useRef<HTMLSpanElement>(null);
	const row = useRef<HTMLDivElement>(null);
	const scale = scaleOf(tag);
	const worded = tag.states !== undefined || tag.kind === "text";

	useLivePaint(tag.tag, visible, (reading) => {
		const text = textOf(tag, reading, format);
		if (number.current && number.current.textContent !== text) number.current.textContent = text;
		if (pointer.current && scale && typeof reading.value === "number")
			pointer.current.style.transform = `translateX(${(placeOn(scale, reading.value) * 100).toFixed(2)}%)`;
		if (row.current) {
			const trust = reading.quality >= 0x80 ? "bad" : reading.quality >= 0x40 ? "uncertain" : "good";
			if (row.current.dataset.trust !== trust) row.current.dataset.trust = trust;
		}
	});

	const initial = showValue(tag.value, tag, format);
	const trust = tag.quality.startsWith("good") ? "good" : tag.quality.startsWith("uncertain") ? "uncertain" : "bad";
	const unit = unitLabel(tag.unit);
	return (
		<div
			className={`tag-row${tag.limit ? ` ${levelSeverity[tag.limit]}` : ""}${worded ? " worded" : ""}`}
			ref={row}
			data-trust={trust}
			title={trust === "good" ? undefined : t("quality.now", { quality: t(`quality.${tag.quality.replace(":", "-")}`) })}
		>
			<span className="tag-row-label cut" title={format.words(tag.title)}>
				{format.words(tag.title)}
			</span>
			{worded ? null : (
				<AnalogBar
					tag={tag}
					value={typeof tag.value === "number" ? tag.value : null}
					pointer={pointer}
					level={tag.limit}
					away={trust === "bad"}
				/>
			)}
			<span className="tag-row-value mono">
				<span className="live-value" ref={number}>
					{initial}
				</span>
				{unit ? <span className="unit"> {unit}</span> : null}
			</span>
		</div>
	);
});
