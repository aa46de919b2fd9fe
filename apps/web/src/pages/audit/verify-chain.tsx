import { Button } from "@mantine/core";
import { asMillwrightError } from "@millwright/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { audit } from "../../data/audit-client.ts";
import { SeverityMark } from "../../parts/severity.tsx";
import { useFormat } from "../../parts/use-format.ts";

/** Walks the whole chain on the server and says what it found. */
export function VerifyChain() {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const verify = useMutation({ mutationFn: () => audit.verify({}) });
	if (!may("audit.verify")) return null;
	const result = verify.data;
	return (
		<>
			<span role="status" className="small">
				{verify.error ? <span className="strong">{asMillwrightError(verify.error).message}</span> : null}
				{result?.whole ? (
					<span>
						✓ {t("audit.whole", { count: result.entries, number: format.count(result.entries) })}{" "}
						<span className="mono third" title={result.head}>
							{result.head.slice(0, 12)}…
						</span>
					</span>
				) : null}
				{result && !result.whole ? (
					<span className="row">
						<SeverityMark severity="critical" />
						<span className="strong">{t("audit.broken", { number: result.brokenAt ?? 0 })}</span> {result.reason}
					</span>
				) : null}
			</span>
			<Button
				variant="default"
				leftSection={<IconShieldCheck size={15} />}
				loading={verify.isPending}
				onClick={() => verify.mutate()}
			>
				{t("audit.verify")}
			</Button>
		</>
	);
}
