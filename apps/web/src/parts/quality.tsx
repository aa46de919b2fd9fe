import { useTranslation } from "react-i18next";
import { trustOf } from "./show-value.ts";
import { useFormat, useNow } from "./use-format.ts";
import "./quality.css";

/** good, uncertain or bad, with the reason in words and a shape of its own. */
export function QualityWord({ quality }: { quality: string }) {
	const { t } = useTranslation();
	const trust = trustOf(quality);
	return (
		<span className={`quality ${trust}`}>
			<span className="quality-mark" aria-hidden="true">
				{trust === "good" ? "●" : trust === "uncertain" ? "◐" : "○"}
			</span>
			{t(`quality.${quality.replace(":", "-")}`, { defaultValue: quality })}
		</span>
	);
}

/** How long ago; a moment is said as such. */
export function Age({ at }: { at: number | undefined }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(1000);
	if (!at) return <span className="third">{t("age.never")}</span>;
	const ms = Math.max(0, now - at);
	return (
		<time dateTime={new Date(at).toISOString()} title={format.dateTime(at)} className="age">
			{ms < 2000 ? t("age.now") : t("age.ago", { time: format.duration(ms) })}
		</time>
	);
}
