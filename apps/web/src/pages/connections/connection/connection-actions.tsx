import { Button, Modal } from "@mantine/core";
import type { ConnectionStatus } from "@millwright/sense/api";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sense } from "../../../data/clients.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Answer } from "../../../parts/states.tsx";
import { ChangePreview } from "../change-preview.tsx";
import { ConnectionForm } from "./connection-form.tsx";

type Settings = Record<string, unknown>;

/** Shows what a change would do and does it only then. */
function ReviewedChange({
	title,
	action,
	connection,
	settings,
	danger,
	onClose,
	onDone,
}: {
	title: string;
	action: string;
	connection: string;
	settings: Settings | null;
	danger?: boolean;
	onClose: () => void;
	onDone?: () => void;
}) {
	const questions = useQueryClient();
	const change = { connection, settings };
	const preview = useQuery({
		queryKey: ["sense", "preview", change],
		queryFn: ({ signal }) => sense.previewChange(change, { signal }),
		staleTime: 0,
		retry: false,
		refetchOnWindowFocus: false,
	});
	return (
		<Confirm
			title={title}
			action={action}
			askWhy
			{...(danger ? { danger } : {})}
			onClose={onClose}
			onConfirm={async (why) => {
				const { revision } = preview.data ?? (await sense.previewChange(change));
				await sense.applyChange({ ...change, revision }, why ? { why } : {});
				await questions.invalidateQueries();
				onDone?.();
			}}
		>
			<Answer of={preview} rows={4}>
				{(data) => <ChangePreview preview={data} />}
			</Answer>
		</Confirm>
	);
}

/** Pause, edit, remove: each is reviewed before it is done. */
export function ConnectionActions({ status, settings }: { status: ConnectionStatus; settings: Settings }) {
	const { t } = useTranslation();
	const navigate = useNavigate();
	const [asking, setAsking] = useState<"pause" | "resume" | "remove" | "edit">();
	const [edited, setEdited] = useState<Settings>();
	const paused = settings.enabled === false || status.state === "disabled";
	const name = status.title || status.connection;
	const close = (): void => {
		setAsking(undefined);
		setEdited(undefined);
	};
	return (
		<>
			<Button variant="default" onClick={() => setAsking(paused ? "resume" : "pause")}>
				{paused ? t("connections.resume") : t("connections.pause")}
			</Button>
			<Button variant="default" onClick={() => setAsking("edit")}>
				{t("action.edit")}
			</Button>
			<Button variant="default" onClick={() => setAsking("remove")}>
				{t("action.remove")}
			</Button>
			{asking === "pause" || asking === "resume" ? (
				<ReviewedChange
					title={asking === "resume" ? t("connections.resumeTitle", { name }) : t("connections.pauseTitle", { name })}
					action={asking === "resume" ? t("connections.resume") : t("connections.pause")}
					connection={status.connection}
					settings={{ ...settings, enabled: asking === "resume" }}
					onClose={close}
				/>
			) : null}
			{asking === "remove" ? (
				<ReviewedChange
					title={t("connections.removeTitle", { name })}
					action={t("action.remove")}
					danger
					connection={status.connection}
					settings={null}
					onClose={close}
					onDone={() => void navigate({ to: "/connections" })}
				/>
			) : null}
			{asking === "edit" && !edited ? (
				<Modal
					opened
					onClose={close}
					size={640}
					title={<span className="strong">{t("connections.editTitle", { name })}</span>}
					closeButtonProps={{ "aria-label": t("action.close") }}
				>
					<ConnectionForm driver={status.driver} settings={settings} onReview={setEdited} />
				</Modal>
			) : null}
			{asking === "edit" && edited ? (
				<ReviewedChange
					title={t("connections.editTitle", { name })}
					action={t("action.apply")}
					connection={status.connection}
					settings={edited}
					onClose={close}
				/>
			) : null}
		</>
	);
}
