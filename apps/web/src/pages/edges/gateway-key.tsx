import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { CopyButton } from "../../parts/copy-button.tsx";
import { ScrollText } from "../../parts/scroll-text.tsx";
import { edgeCommand, edgeEnvironment, edgeYaml } from "./edge-yaml.ts";
import type { Gateway } from "./types.ts";

/** The key of a gateway, shown once, and for a new one all it takes until its first sign arrives. */
export function GatewayKey({
	gateway,
	secret,
	onClose,
}: {
	gateway: Pick<Gateway, "gateway" | "paths" | "state">;
	secret: string;
	onClose: () => void;
}) {
	const { t } = useTranslation();
	// What is being copied stays when the first sign comes.
	const [isNew] = useState(gateway.state === "never-seen" && gateway.paths.length > 0);
	const yaml = edgeYaml({ gateway: gateway.gateway, path: gateway.paths[0] ?? "", host: globalThis.location.hostname });
	const piece = (title: string, text: string, wraps = false) => (
		<li className="stack setup-step">
			<div className="row between">
				<span className="strong">{title}</span>
				<CopyButton text={text} />
			</div>
			<ScrollText className={wraps ? "snippet mono wraps" : "snippet mono"} label={title}>
				{text}
			</ScrollText>
		</li>
	);
	return (
		<Modal
			opened
			size="lg"
			onClose={onClose}
			closeOnClickOutside={false}
			title={<span className="strong">{t("edges.keyOf", { name: gateway.gateway })}</span>}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<div className="stack">
				<p className="second">{t("users.shownOnce")}</p>
				<ol className="stack setup">
					{piece(t("edges.setup.key"), edgeEnvironment(secret), true)}
					{isNew ? piece(t("edges.setup.yaml"), yaml) : null}
					{isNew ? piece(t("edges.setup.start"), edgeCommand) : null}
				</ol>
				<div className="row between wrap">
					<span className="second" role="status">
						{t(`edges.setup.${gateway.state === "connected" && isNew ? "there" : isNew ? "waiting" : "restart"}`)}
					</span>
					<Button onClick={onClose}>{t("action.done")}</Button>
				</div>
			</div>
		</Modal>
	);
}
