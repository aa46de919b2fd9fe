import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { platform } from "../../data/clients.ts";
import { Panel } from "../../parts/panel.tsx";
import { SeverityMark } from "../../parts/severity.tsx";
import { Answer } from "../../parts/states.tsx";

/** How every part of the process is doing; the troubled ones first, with why and what to do. */
export function Parts() {
	const { t } = useTranslation();
	const health = useQuery({
		queryKey: ["platform", "health"],
		queryFn: ({ signal }) => platform.health({}, { signal }),
		refetchInterval: 5000,
	});
	const order = { failing: 0, degraded: 1, good: 2 } as const;
	return (
		<Panel title={t("system.parts")} note={health.data ? t(`system.state.${health.data.state}`) : undefined} flush>
			<Answer of={health} rows={5}>
				{(data) => (
					<div className="table-scroll">
						<table className="table">
							<tbody>
								{[...data.parts]
									.sort((a, b) => order[a.state] - order[b.state])
									.map((part) => (
										<tr key={part.name}>
											<td className="mono">{part.name}</td>
											<td>
												<span className="row">
													{part.state === "good" ? null : (
														<SeverityMark severity={part.state === "failing" ? "critical" : "high"} />
													)}
													{t(`system.state.${part.state}`)}
												</span>
											</td>
											<td>
												{part.reason} <span className="second">{part.hint}</span>
											</td>
										</tr>
									))}
							</tbody>
						</table>
					</div>
				)}
			</Answer>
		</Panel>
	);
}
