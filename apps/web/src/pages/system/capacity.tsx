import type { CapacityShare } from "@millwright/platform/api";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { platform } from "../../data/platform-client.ts";
import { Panel } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { useFormat } from "../../parts/use-format.ts";

/** From here on somebody should plan. */
const tight = 0.8;
const dayMs = 86_400_000;

/** How full the box is, the fullest first, each with how it was measured. */
export function Capacity() {
	const { t } = useTranslation();
	const format = useFormat();
	/** The server writes amounts with their units in English alone. */
	const speaksEnglish = format.locale.startsWith("en");
	/** By the share's name; what has no words here keeps the server's. */
	const titleOf = (share: CapacityShare): string => t(`system.share.${share.name}`, { defaultValue: share.title });
	const capacity = useQuery({
		queryKey: ["platform", "capacity"],
		queryFn: ({ signal }) => platform.capacity({}, { signal }),
		refetchInterval: 5000,
	});
	const sentenceOf = ({ used, firstLimit, shares, disk }: NonNullable<typeof capacity.data>): string => {
		const first = shares.find(({ name }) => name === firstLimit);
		const said = t("system.used", { share: format.percent(used, 0), first: first ? titleOf(first) : firstLimit });
		return disk.daysLeft === undefined
			? said
			: `${said} · ${t("system.diskFull", { time: format.duration(disk.daysLeft * dayMs) })}`;
	};
	return (
		<Panel title={t("system.capacity")} note={capacity.data ? sentenceOf(capacity.data) : undefined}>
			<Answer of={capacity} rows={6}>
				{(data) => (
					<ul className="capacity">
						{[...data.shares]
							.sort((a, b) => Number(b.counts) - Number(a.counts) || b.used - a.used)
							.map((share) => (
								<li key={share.name} className={share.counts ? undefined : "third"}>
									<span className="strong">{titleOf(share)}</span>
									<span
										className={`capacity-track${share.used >= tight && share.counts ? " high" : ""}`}
										role="img"
										aria-label={`${titleOf(share)}: ${format.percent(share.used)}`}
									>
										<span style={{ width: `${Math.min(100, share.used * 100)}%` }} />
									</span>
									<span className="mono capacity-share">{share.counts ? format.percent(share.used) : "–"}</span>
									{speaksEnglish ? <span className="second">{share.words}</span> : null}
									<span className="third small capacity-how">
										{t(`system.how.${share.name}`, { defaultValue: speaksEnglish ? share.how : t("system.counted") })}
									</span>
								</li>
							))}
					</ul>
				)}
			</Answer>
		</Panel>
	);
}
