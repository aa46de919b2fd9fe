import { useTranslation } from "react-i18next";
import { live, useLiveStatus } from "../data/live.ts";
import { useFormat, useNow } from "../parts/use-format.ts";

const recentMs = 10_000;

/** "live · 38 ms": how old a value is when it is painted; the round trip while no values flow. */
export function ConnectionMark() {
	const { t } = useTranslation();
	const format = useFormat();
	const status = useLiveStatus();
	const now = useNow(1000);
	const age = live.meter.quantile(0.5, now - recentMs);
	const worst = live.meter.quantile(0.99, now - recentMs);
	const roundTrip = status.roundTripMs;
	if (status.state !== "live") {
		const wait = status.nextTryAt === undefined ? undefined : Math.max(0, status.nextTryAt - now);
		return (
			<button type="button" className="plain-button live-mark away" onClick={() => live.retryNow()} aria-live="polite">
				<span className="live-dot" aria-hidden="true" />
				{status.state === "connecting" ? t("live.connecting") : t("live.awaySince", { time: format.moment(status.since, now) })}
				{wait !== undefined && wait > 1500 ? (
					<span className="third live-retry"> {t("live.tryAgainIn", { time: format.duration(wait) })}</span>
				) : null}
			</button>
		);
	}
	const shown = Number.isNaN(age) ? roundTrip : age;
	return (
		<span
			className="live-mark"
			title={t("live.explain", {
				age: Number.isNaN(age) ? "–" : format.duration(age),
				worst: Number.isNaN(worst) ? "–" : format.duration(worst),
				roundTrip: roundTrip === undefined ? "–" : format.duration(roundTrip),
			})}
		>
			<span className="live-dot" aria-hidden="true" />
			<span>{t("live.live")}</span>
			{shown === undefined ? null : <span className="live-ms">· {format.duration(Math.max(0, shown))}</span>}
		</span>
	);
}
