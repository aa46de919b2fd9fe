import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { useActiveLimits, useOverview } from "../../data/use-overview.ts";
import { Panel } from "../../parts/panel.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { groupByPlace } from "./group-by-place.ts";
import { LimitsNow } from "./limits-now.tsx";
import { NothingLost } from "./nothing-lost.tsx";
import { PlacePanel } from "./place-panel.tsx";
import { PlantFigures } from "./plant-figures.tsx";
import "./overview.css";

/** The plant at a glance: figures, every place with its assets, the abnormal first, limits now, and what was lost. */
export function OverviewPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const overview = useOverview();
	const limits = useActiveLimits();
	return (
		<div className="page">
			<h1 className="visually-hidden">{t("nav.overview")}</h1>
			<Answer of={overview} rows={8}>
				{(plant) => (
					<>
						<PlantFigures plant={plant} />
						<div className="overview">
							<div className="stack">
								{plant.assets.length === 0 ? (
									<Panel>
										<Empty
											title={t("overview.empty")}
											action={
												may("sense.applyChange") ? (
													<Button component={Link} to="/connections/add">
														{t("overview.addMachine")}
													</Button>
												) : undefined
											}
										>
											{t("overview.emptyHint")}
										</Empty>
									</Panel>
								) : null}
								{groupByPlace(plant).map((group) => (
									<PlacePanel key={group.path} group={group} />
								))}
							</div>
							<div className="stack overview-side">
								{may("twin.limitEvents") ? <LimitsNow limits={limits} assets={plant.assets} /> : null}
								{may("sense.ledger") ? <NothingLost /> : null}
							</div>
						</div>
					</>
				)}
			</Answer>
		</div>
	);
}
