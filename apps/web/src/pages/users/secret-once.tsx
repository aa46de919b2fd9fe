import { Button, Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { CopyButton } from "../../parts/copy-button.tsx";

/** A secret that is shown once and never again. */
export function SecretOnce({ title, secret, onClose }: { title: string; secret: string; onClose: () => void }) {
	const { t } = useTranslation();
	return (
		<Modal
			opened
			onClose={onClose}
			closeOnClickOutside={false}
			title={<span className="strong">{title}</span>}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<div className="stack">
				<p className="second">{t("users.shownOnce")}</p>
				<p className="secret mono">{secret}</p>
				<div className="row between">
					<CopyButton text={secret} />
					<Button onClick={onClose}>{t("action.done")}</Button>
				</div>
			</div>
		</Modal>
	);
}
