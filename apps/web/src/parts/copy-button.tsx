import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

/** Copies a text and says so. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
	const { t } = useTranslation();
	const clipboard = useClipboard({ timeout: 1500 });
	return (
		<Button
			variant="default"
			size="compact-xs"
			style={{ flex: "none" }}
			leftSection={clipboard.copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
			onClick={() => clipboard.copy(text)}
		>
			<span aria-live="polite">{clipboard.copied ? t("action.copied") : (label ?? t("action.copy"))}</span>
		</Button>
	);
}
