import { Button } from "@mantine/core";
import { IconStethoscope } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { platform } from "../../data/platform-client.ts";
import { saveAnswer } from "../../parts/save-answer.ts";

/** One file for support, without secrets. */
export function SaveDiagnostics() {
	const { t } = useTranslation();
	const save = useMutation({
		mutationFn: async () => saveAnswer((await platform.diagnostics({})) as Response, "diagnostics.zip"),
	});
	return (
		<>
			{save.error ? (
				<span role="alert" className="severity critical small">
					{save.error.message}
				</span>
			) : null}
			<Button
				variant="default"
				leftSection={<IconStethoscope size={14} />}
				loading={save.isPending}
				title={t("system.diagnosticsNote")}
				onClick={() => save.mutate()}
			>
				{t("system.diagnostics")}
			</Button>
		</>
	);
}
