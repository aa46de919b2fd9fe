import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { platform } from "../../data/platform-client.ts";
import { Panel } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { useFormat } from "../../parts/use-format.ts";

/** From here on somebody should plan. */
const tight = 0.8;

/** How full the box is, the fullest first, each with how it was measured. */
export function Capacity() {
	const { t } = useTranslation();
	const format = useFormat();
	const capacity = useQuery({
		queryKey: ["platform", "capacity"],
		queryFn: ({ signal }) => platform.capacity({}, { signal }),
		refetchInterval: 5000,
	});
	return (
		<Panel title={t("system.capacity")} note={capacity.data?.sentence}>
			<Answer of={capacity} rows={6}>
				{(data) => (
					<ul className="capacity">
						{[...data.shares]
							.sort((a, b) => Number(b.counts) - Number(a.counts) || b.used - a.used)
							.map((share) => (
								<li key={share.name} className={share.counts ? undefined : "third"}>
									<span className="strong">{share.title}</span>
									<span
										className={`capacity-track${share.used >= tight && share.counts ? " high" : ""}`}
										role="img"
										aria-label={`${share.title}: ${format.percent(share.used)}`}
									>
										<span style={{ width: `${Math.min(100, share.used * 100)}%` }} />
									</span>
									<span className="mono capacity-share">{share.counts ? format.percent(share.used) : "–"}</span>
									<span className="second">{share.words}</span>
									<span className="third small capacity-how">{share.how}</span>
								</li>
							))}
					</ul>
				)}
			</Answer>
		</Panel>
	);
}
