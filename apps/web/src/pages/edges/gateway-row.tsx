import { useTranslation } from "react-i18next";
import { SeverityMark } from "../../parts/severity.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import type { Gateway } from "./types.ts";

export const refusalsOf = ({ refusals }: Gateway): number =>
	refusals.malformed + refusals.forged + refusals.unknownTags + refusals.foreignTags;

export function GatewayRow({ gateway, onOpen }: { gateway: Gateway; onOpen: () => void }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const missing = gateway.connections.reduce((sum, one) => sum + one.missing, 0);
	const refused = refusalsOf(gateway);
	const away = gateway.state !== "connected";
	return (
		<tr className={away ? "away can-open" : "can-open"}>
			<td>
				<button type="button" className="plain-button strong" onClick={onOpen}>
					{gateway.title || gateway.gateway}
				</button>
				<br />
				<span className="mono third">{gateway.paths.join(", ")}</span>
			</td>
			<td className="whole">
				{gateway.state === "away" ? (
					<span className="row">
						<SeverityMark severity="high" />
						{t("edges.state.away")}
					</span>
				) : (
					<span>{t(`edges.state.${gateway.state}`)}</span>
				)}
				{gateway.lastSeenAt === undefined ? null : (
					<div className="third">{t("edges.lastSign", { time: format.moment(gateway.lastSeenAt, now) })}</div>
				)}
			</td>
			<td className="number">{away ? "–" : `${format.rate(gateway.valuesPerSecond)} /s`}</td>
			<td className="number">
				{format.short(gateway.backlogRows)}
				{gateway.oldestAt !== undefined && gateway.backlogRows > 0 ? (
					<>
						<br />
						<span className="third">{format.duration(Math.max(0, now - gateway.oldestAt))}</span>
					</>
				) : null}
			</td>
			<td className="number">
				{away ? "–" : `${format.bytes(gateway.bytesPerSecond)}/s`}
				{gateway.budget === null ? null : (
					<>
						<br />
						<span className="third">{t("edges.ofBudget", { size: format.bytes(gateway.budget) })}</span>
					</>
				)}
			</td>
			<td className="number">
				{gateway.offsetMs === undefined ? (
					"–"
				) : gateway.skewed ? (
					<span className="row" style={{ justifyContent: "flex-end" }}>
						<SeverityMark severity="high" />
						{signed(gateway.offsetMs, format.duration)}
					</span>
				) : (
					signed(gateway.offsetMs, format.duration)
				)}
			</td>
			<td className={`number${missing > 0 ? " lost" : ""}`}>{format.count(missing)}</td>
			<td className="number">{format.count(refused)}</td>
		</tr>
	);
}

/** Ahead of the centre is plus. */
const signed = (ms: number, show: (ms: number) => string): string => `${ms < 0 ? "−" : "+"}${show(Math.abs(ms))}`;
