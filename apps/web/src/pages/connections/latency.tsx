import type { ConnectionStatus } from "@millwright/sense/api";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../parts/use-format.ts";

/** How long requests take, or how old a subscription's values arrive; a dash where neither can be said. */
export function Latency({ latency, unit = true }: { latency: ConnectionStatus["latency"]; unit?: boolean }) {
	const { t } = useTranslation();
	const format = useFormat();
	if (latency.of === "nothing") return <span title={t("connections.latencyNothing")}>–</span>;
	return (
		<span title={t(latency.of === "arrival" ? "connections.latencyArrival" : "connections.latencyRequest")}>
			{format.value(latency.p50, 1)} / {format.value(latency.p99, 1)}
			{unit ? <span className="unit"> ms</span> : null}
		</span>
	);
}
