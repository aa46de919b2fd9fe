import { useTranslation } from "react-i18next";
import { useFormat } from "../../../parts/use-format.ts";
import type { Storage } from "./types.ts";

const tiers = ["cold", "hot", "brought"] as const;
const mostBars = 60;

interface Bar {
	day: number;
	rows: number;
	total: number;
	bytes: Record<(typeof tiers)[number], number>;
}

/** Bytes a day, one bar a day, parts by tier: what grows, and what was squeezed. */
export function DayBars({ days }: { days: Storage["days"] }) {
	const { t } = useTranslation();
	const format = useFormat();
	const bars = barsOf(days);
	const most = Math.max(1, ...bars.map(({ total }) => total));
	const first = bars[0];
	const last = bars.at(-1);
	if (!first || !last) return <p className="second">{t("history.nothingYet")}</p>;
	return (
		<figure className="day-bars" aria-label={t("storage.perDay")}>
			<div className="day-bars-scale mono third">
				<span>{format.bytes(most)}</span>
				<span>0</span>
			</div>
			<ol className="day-bars-plot">
				{bars.map((bar) => {
					const words = t("storage.dayWords", {
						day: format.date(bar.day),
						rows: format.count(bar.rows),
						size: format.bytes(bar.total),
					});
					return (
						<li key={bar.day} title={words}>
							<span className="visually-hidden">{words}</span>
							{tiers.map((tier) =>
								bar.bytes[tier] > 0 ? (
									<span key={tier} className={`day-bar ${tier}`} style={{ height: `${(bar.bytes[tier] / most) * 100}%` }} />
								) : null,
							)}
						</li>
					);
				})}
			</ol>
			<div className="day-bars-ends second small">
				<span>{format.date(first.day)}</span>
				<span className="row wrap">
					{tiers.map((tier) => (
						<span key={tier} className="row day-bar-key">
							<span className={`day-bar ${tier}`} aria-hidden="true" />
							{t(`storage.tier.${tier}`)}
						</span>
					))}
				</span>
				<span>{first === last ? "" : format.date(last.day)}</span>
			</div>
		</figure>
	);
}

function barsOf(days: Storage["days"]): Bar[] {
	const bars = new Map<number, Bar>();
	for (const { day, rows, bytes, tier } of days) {
		const bar = bars.get(day) ?? { day, rows: 0, total: 0, bytes: { hot: 0, cold: 0, brought: 0 } };
		bar.rows += rows;
		bar.total += bytes;
		bar.bytes[tier] += bytes;
		bars.set(day, bar);
	}
	return [...bars.values()].sort((a, b) => a.day - b.day).slice(-mostBars);
}
