import { Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "../app/session.tsx";
import { sense } from "../data/clients.ts";
import { LineageSteps } from "./lineage-steps.tsx";
import { Answer } from "./states.tsx";
import { lastLevel } from "./words.ts";

/** Where a number comes from: tag, connection, register, pipeline stages, and the newest value on its way. */
export function LineageDrawer({ tag, onClose }: { tag: string; onClose: () => void }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const lineage = useQuery({
		queryKey: ["sense", "lineage", tag],
		queryFn: ({ signal }) => sense.lineage({ tag }, { signal }),
		enabled: may("sense.lineage"),
		refetchInterval: 2000,
	});
	return (
		<Drawer
			opened
			onClose={onClose}
			size={440}
			title={
				<span className="stack" style={{ gap: 0 }}>
					<span className="strong">{t("lineage.title", { name: lastLevel(tag) })}</span>
					<span className="mono second">{tag}</span>
				</span>
			}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<Answer of={lineage}>{(data) => <LineageSteps lineage={data} />}</Answer>
			<p className="row wrap" style={{ marginTop: 16 }}>
				{may("namespace.topic") ? (
					<Link to="/namespace" search={{ tag }} onClick={onClose}>
						{t("lineage.openTopic")}
					</Link>
				) : null}
				{may("history.trend") ? (
					<Link to="/history" search={{ tags: [tag] }} onClick={onClose}>
						{t("lineage.openTrend")}
					</Link>
				) : null}
			</p>
		</Drawer>
	);
}
