import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { sense } from "../../../data/clients.ts";
import { useLive } from "../../../data/live.ts";
import { LiveNumber } from "../../../parts/live-number.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { Age, QualityWord } from "../../../parts/quality.tsx";
import { ScrollText } from "../../../parts/scroll-text.tsx";
import { trustOf } from "../../../parts/show-value.ts";
import { Answer } from "../../../parts/states.tsx";
import { unitLabel } from "../../../parts/unit-label.ts";
import { lastLevel } from "../../../parts/words.ts";
import { ConnectionStateWord } from "../connection-state.tsx";
import { assetPath, connectionName } from "./draft.ts";
import type { StepProps } from "./step-props.ts";

function Row({ tag, unit, initial, quality }: { tag: string; unit: string; initial: number | string | null; quality: string }) {
	const reading = useLive(tag);
	return (
		<tr>
			<td className="strong">{lastLevel(tag)}</td>
			<td className="number">
				<LiveNumber tag={tag} about={{}} initial={initial} initialTrust={trustOf(quality)} />{" "}
				<span className="unit">{unitLabel(unit)}</span>
			</td>
			<td>
				<QualityWord quality={quality} />
			</td>
			<td className="second">
				<Age at={reading?.at} />
			</td>
		</tr>
	);
}

/** It is there: its state and its values, as they come. */
export function LiveStep({ draft, onAnother }: StepProps & { onAnother: () => void }) {
	const { t } = useTranslation();
	const connection = connectionName(draft);
	const status = useQuery({
		queryKey: ["sense", "connection", connection],
		queryFn: ({ signal }) => sense.connection({ connection }, { signal }),
		refetchInterval: 1000,
	});
	const tags = useQuery({
		queryKey: ["sense", "tags", connection],
		queryFn: ({ signal }) => sense.tags({ connection, limit: 200 }, { signal }),
		refetchInterval: 2000,
	});
	const path = assetPath(draft);
	return (
		<div className="stack">
			<Panel
				title={draft.name}
				side={
					<Answer of={status} rows={1}>
						{({ status: now }) => <ConnectionStateWord status={now} />}
					</Answer>
				}
				flush
			>
				<Answer of={tags}>
					{(data) => (
						<ScrollText className="table-scroll" label={draft.name}>
							<table className="table">
								<thead>
									<tr>
										<th>{t("asset.tag")}</th>
										<th className="number">{t("asset.value")}</th>
										<th>{t("asset.quality")}</th>
										<th>{t("asset.age")}</th>
									</tr>
								</thead>
								<tbody>
									{data.tags.map((tag) => (
										<Row key={tag.tag} tag={tag.tag} unit={tag.unit} initial={tag.value} quality={tag.quality} />
									))}
								</tbody>
							</table>
						</ScrollText>
					)}
				</Answer>
			</Panel>
			<div className="row wrap">
				<Button component={Link} to="/assets/$" params={{ _splat: path } as never}>
					{t("add.openAsset")}
				</Button>
				<Button component={Link} to="/connections/$connection" params={{ connection } as never} variant="default">
					{t("add.openConnection")}
				</Button>
				<Button variant="default" onClick={onAnother}>
					{t("add.another")}
				</Button>
			</div>
		</div>
	);
}
