import type { ConnectionStatus } from "@millwright/sense/api";
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Age } from "../../../parts/quality.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import { ConnectionReason, ConnectionStateWord } from "../connection-state.tsx";
import { Latency } from "../latency.tsx";

/** Good, stale and bad tags as parts of a bar, with their counts in words. */
export function Freshness({ status }: { status: ConnectionStatus }) {
	const { t } = useTranslation();
	const format = useFormat();
	const share = (count: number): string => `${status.tags === 0 ? 0 : (count / status.tags) * 100}%`;
	const text = [
		t("connections.good", { count: status.good, number: format.count(status.good) }),
		...(status.stale > 0 ? [t("connections.stale", { count: status.stale, number: format.count(status.stale) })] : []),
		...(status.bad > 0 ? [t("connections.bad", { count: status.bad, number: format.count(status.bad) })] : []),
	].join(", ");
	return (
		<span className="freshness">
			<span className="freshness-bar" aria-hidden="true">
				<span className="good" style={{ width: share(status.good) }} />
				<span className="stale" style={{ width: share(status.stale) }} />
				<span className="bad" style={{ width: share(status.bad) }} />
			</span>
			<span className="second">{text}</span>
		</span>
	);
}

export const ConnectionRow = memo(function ConnectionRow({ status }: { status: ConnectionStatus }) {
	const { t } = useTranslation();
	const format = useFormat();
	const away = status.good === 0 && status.state !== "connected";
	return (
		<tr className={away ? "can-open away" : "can-open"}>
			<td>
				<Link to="/connections/$connection" params={{ connection: status.connection }} className="strong">
					{status.title || status.connection}
				</Link>
				<br />
				<span className="mono second">
					{status.driver} · {status.target}
				</span>
				<ConnectionReason status={status} />
			</td>
			<td>
				<ConnectionStateWord status={status} />
			</td>
			<td data-label={t("connections.lastGood")} className="second">
				<Age at={status.lastGoodAt} />
			</td>
			<td>
				<Freshness status={status} />
			</td>
			<td data-label={t("connections.latency")} className="number">
				<Latency latency={status.latency} />
			</td>
			<td data-label={t("connections.rate")} className="number">
				{format.rate(status.valuesPerSecond)} <span className="unit">1/s</span>
			</td>
			<td data-label={t("ledger.sent")} className="number">
				{format.count(status.ledger.sent)}
			</td>
			<td data-label={t("ledger.stored")} className="number">
				{format.count(status.ledger.stored)}
			</td>
			<td data-label={t("ledger.expired")} className={`number${status.ledger.expired > 0 ? " severity-text critical" : ""}`}>
				{format.count(status.ledger.expired)}
			</td>
		</tr>
	);
});
