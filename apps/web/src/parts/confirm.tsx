import { Button, Modal, Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failed } from "./states.tsx";

/** Ask before a write: what will be, why, and only then do it. The reason goes to the audit trail. */
export function Confirm({
	title,
	children,
	action,
	danger,
	askWhy,
	needWhy,
	onConfirm,
	onClose,
}: {
	title: ReactNode;
	children: ReactNode;
	action: string;
	danger?: boolean;
	askWhy?: boolean;
	needWhy?: boolean;
	onConfirm: (why: string) => Promise<unknown>;
	onClose: () => void;
}) {
	const { t } = useTranslation();
	const [why, setWhy] = useState("");
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>();
	const go = async (): Promise<void> => {
		setBusy(true);
		setError(undefined);
		try {
			await onConfirm(why.trim());
			onClose();
		} catch (problem) {
			setError(problem);
			setBusy(false);
		}
	};
	return (
		<Modal
			opened
			onClose={onClose}
			title={<span className="strong">{title}</span>}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<form
				className="stack"
				onSubmit={(event) => {
					event.preventDefault();
					void go();
				}}
			>
				<div>{children}</div>
				{askWhy || needWhy ? (
					<Textarea
						label={t("confirm.why")}
						description={t("confirm.whyNote")}
						value={why}
						onChange={(event) => setWhy(event.currentTarget.value)}
						maxLength={500}
						required={needWhy ?? false}
						data-autofocus
					/>
				) : null}
				{error ? <Failed error={error} /> : null}
				<div className="row" style={{ justifyContent: "flex-end" }}>
					<Button variant="default" onClick={onClose}>
						{t("action.cancel")}
					</Button>
					<Button
						type="submit"
						loading={busy}
						disabled={needWhy === true && why.trim() === ""}
						{...(danger ? { color: "red" } : {})}
					>
						{action}
					</Button>
				</div>
			</form>
		</Modal>
	);
}
