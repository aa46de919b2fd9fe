import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { platform } from "../../data/platform-client.ts";
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
	return (
		<Panel title={t("system.parts")} note={health.data ? t(`system.state.${health.data.state}`) : undefined} flush>
			<Answer of={health} rows={5}>
				{(data) => {
					const troubled = data.parts.filter(({ state }) => state !== "good");
					return (
						<>
							{troubled.length > 0 ? (
								<div className="table-scroll">
									<table className="table">
										<tbody>
											{troubled.map((part) => (
												<tr key={part.name}>
													<td className="mono">{part.name}</td>
													<td>
														<span className="row">
															<SeverityMark severity={part.state === "failing" ? "critical" : "high"} />
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
							) : null}
							<p className="good-parts second">
								{t("system.state.good")}:{" "}
								<span className="mono">
									{data.parts
										.filter(({ state }) => state === "good")
										.map(({ name }) => name)
										.join(", ")}
								</span>
							</p>
						</>
					);
				}}
			</Answer>
		</Panel>
	);
}
