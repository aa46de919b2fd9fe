import { Button } from "@mantine/core";
import { splitTag } from "@millwright/core";
import { IconChevronLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { sense } from "../../data/clients.ts";
import { useLive } from "../../data/live.ts";
import { namespace } from "../../data/namespace-client.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { LineageSteps } from "../../parts/lineage-steps.tsx";
import { LiveNumber } from "../../parts/live-number.tsx";
import { Kpi, KpiStrip, Panel } from "../../parts/panel.tsx";
import { Age, QualityWord } from "../../parts/quality.tsx";
import { ScrollText } from "../../parts/scroll-text.tsx";
import { trustOf } from "../../parts/show-value.ts";
import { Answer } from "../../parts/states.tsx";
import { unitLabel } from "../../parts/unit-label.ts";
import { useFormat } from "../../parts/use-format.ts";

function LiveAge({ tag, at }: { tag: string; at: number | undefined }) {
	const reading = useLive(tag);
	return <Age at={reading?.at || at} />;
}

/** One topic: its value as it lives, its payload as subscribers see it, and where the number comes from. */
export function TopicDetail({ tag }: { tag: string }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const topic = useQuery({
		queryKey: ["namespace", "topic", tag],
		queryFn: ({ signal }) => namespace.topic({ tag }, { signal }),
		refetchInterval: 2000,
	});
	const lineage = useQuery({
		queryKey: ["sense", "lineage", tag],
		queryFn: ({ signal }) => sense.lineage({ tag }, { signal }),
		enabled: may("sense.lineage") && topic.data !== undefined && !topic.data.source.external,
		refetchInterval: 2000,
		retry: false,
	});
	const asset = splitTag(tag)?.asset;
	return (
		<div className="stack topic">
			<Link to="/namespace" className="topic-back">
				<IconChevronLeft size={14} /> {t("namespace.topics")}
			</Link>
			<Answer of={topic} rows={8}>
				{(data) => (
					<>
						<KpiStrip>
							<Kpi
								label={t("asset.value")}
								value={<LiveNumber tag={tag} about={{}} initial={data.value.value} initialTrust={trustOf(data.value.quality)} />}
								unit={unitLabel(data.value.unit)}
								note={<QualityWord quality={data.value.quality} />}
							/>
							<Kpi
								label={t("asset.age")}
								value={<LiveAge tag={tag} at={data.value.at} />}
								note={data.value.at ? format.dateTime(data.value.at) : ""}
							/>
							<Kpi
								label={t("namespace.pace")}
								value={format.rate(data.perMinute)}
								unit={t("namespace.perMinute")}
								note={t("namespace.bytes", { count: data.bytes, number: format.count(data.bytes) })}
							/>
							<Kpi
								label={t("namespace.dataClass")}
								value={<span className="topic-class">{t(`dataClass.${data.value.dataClass}`)}</span>}
								note={data.source.external ? t("namespace.external") : data.source.connection}
							/>
						</KpiStrip>
						<Panel
							title={<span className="mono topic-name">{data.value.topic}</span>}
							side={<CopyButton text={data.value.topic} label={t("namespace.copyTopic")} />}
						>
							<div className="row wrap">
								{asset && may("twin.state") ? (
									<Button component={Link} to="/assets/$" params={{ _splat: asset } as never} variant="default">
										{t("namespace.openAsset")}
									</Button>
								) : null}
								{may("history.trend") ? (
									<Button component={Link} to="/history" search={{ tags: [tag] } as never} variant="default">
										{t("lineage.openTrend")}
									</Button>
								) : null}
							</div>
						</Panel>
						<div className="topic-columns">
							<Panel
								title={t("namespace.payload")}
								note={t("namespace.payloadNote")}
								side={<CopyButton text={JSON.stringify(data.payload, null, 2)} label={t("namespace.copyPayload")} />}
							>
								<ScrollText className="payload" label={t("namespace.payload")}>
									{JSON.stringify(data.payload, null, 2)}
								</ScrollText>
							</Panel>
							{may("sense.lineage") && !data.source.external ? (
								<Panel title={t("namespace.lineage")}>
									<Answer of={lineage}>{(way) => <LineageSteps lineage={way} />}</Answer>
								</Panel>
							) : null}
						</div>
					</>
				)}
			</Answer>
		</div>
	);
}
