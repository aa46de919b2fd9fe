import type { ConnectionStatus } from "@millwright/sense/api";
import { useTranslation } from "react-i18next";
import { useFormat, useNow } from "../../parts/use-format.ts";
import "./connections.css";

const marks: Record<ConnectionStatus["state"], string> = {
	connected: "●",
	connecting: "◌",
	waiting: "○",
	"needs-decision": "◇",
	misconfigured: "◆",
	stopped: "○",
	disabled: "–",
};

/** The state in a word, with a shape; health is the newest good value, not the socket. */
export function ConnectionStateWord({ status }: { status: ConnectionStatus }) {
	const { t } = useTranslation();
	const quiet = status.state === "connected" || status.state === "disabled" || status.state === "connecting";
	return (
		<span className={`connection-state${quiet ? "" : " high"}`}>
			<span aria-hidden="true">{marks[status.state]}</span> {t(`connectionState.${status.state}`)}
		</span>
	);
}

/** Why it is not connected, and the next step. */
export function ConnectionReason({ status }: { status: ConnectionStatus }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(1000);
	if (!status.reason && !status.hint) return null;
	const wait = status.nextTryAt === undefined ? undefined : status.nextTryAt - now;
	return (
		<p className="connection-reason">
			{status.reason ? <span className="strong">{status.reason}</span> : null}{" "}
			{status.hint ? <span className="second">{status.hint}</span> : null}{" "}
			{wait !== undefined && wait > 0 ? (
				<span className="third">{t("live.tryAgainIn", { time: format.duration(wait) })}</span>
			) : null}
		</p>
	);
}
