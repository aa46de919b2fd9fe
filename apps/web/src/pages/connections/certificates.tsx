import { Button } from "@mantine/core";
import type { TrustEntry } from "@millwright/sense/api";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { sense } from "../../data/clients.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { Fact, Panel } from "../../parts/panel.tsx";
import { SeverityMark } from "../../parts/severity.tsx";
import { Answer } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { fingerprint } from "./fingerprint.ts";
import "./connections.css";

function CertificateFacts({ certificate }: { certificate: TrustEntry }) {
	const { t } = useTranslation();
	const format = useFormat();
	return (
		<dl>
			<Fact name={t("certificate.fingerprint")}>{fingerprint(certificate.thumbprint)}</Fact>
			<Fact name={t("certificate.subject")}>{certificate.subject}</Fact>
			<Fact name={t("certificate.issuer")}>
				{certificate.issuer === certificate.subject ? t("certificate.selfSigned") : certificate.issuer}
			</Fact>
			{certificate.applicationUri ? <Fact name={t("certificate.application")}>{certificate.applicationUri}</Fact> : null}
			<Fact name={t("certificate.valid")}>
				{format.date(certificate.validFrom)} – {format.date(certificate.validUntil)}
			</Fact>
			<Fact name={t("certificate.usedBy")}>{certificate.connections.join(", ") || "–"}</Fact>
		</dl>
	);
}

/** Trust as a visible decision: compare the fingerprint at the machine, then trust or refuse. */
export function Certificates({
	waitingOnly,
	hideWhenEmpty,
	onDecided,
}: {
	waitingOnly?: boolean;
	hideWhenEmpty?: boolean;
	onDecided?: () => void;
}) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(10_000);
	const questions = useQueryClient();
	const [deciding, setDeciding] = useState<{ certificate: TrustEntry; trust: boolean }>();
	const certificates = useQuery({
		queryKey: ["sense", "certificates"],
		queryFn: ({ signal }) => sense.certificates({}, { signal }),
		refetchInterval: 5000,
		enabled: may("sense.certificates"),
	});
	const list = (certificates.data?.certificates ?? []).filter(
		(certificate) => (certificate.state === "waiting") === (waitingOnly ?? false),
	);
	if (list.length === 0 && hideWhenEmpty) return null;
	return (
		<Panel
			title={
				<span className="row">
					{waitingOnly ? <SeverityMark severity="medium" /> : null}
					{waitingOnly ? t("certificate.waiting") : t("certificate.title")}
				</span>
			}
			note={waitingOnly ? t("certificate.waitingNote") : undefined}
			flush
		>
			<Answer of={certificates} rows={2}>
				{() => (
					<ul>
						{list.length === 0 ? <li className="second certificate">{t("certificate.none")}</li> : null}
						{list.map((certificate) => (
							<li key={certificate.thumbprint} className="certificate">
								<div className="grow">
									<CertificateFacts certificate={certificate} />
								</div>
								<div className="certificate-side">
									<span className="second small">
										{t(`certificate.state.${certificate.state}`)} · {format.moment(certificate.seenAt, now)}
									</span>
									{may("sense.decideCertificate") ? (
										<span className="row">
											{certificate.state !== "trusted" ? (
												<Button onClick={() => setDeciding({ certificate, trust: true })}>{t("certificate.trust")}</Button>
											) : null}
											{certificate.state !== "refused" ? (
												<Button variant="default" onClick={() => setDeciding({ certificate, trust: false })}>
													{t("certificate.refuse")}
												</Button>
											) : null}
										</span>
									) : null}
								</div>
							</li>
						))}
					</ul>
				)}
			</Answer>
			{deciding ? (
				<Confirm
					title={deciding.trust ? t("certificate.trustTitle") : t("certificate.refuseTitle")}
					action={deciding.trust ? t("certificate.trust") : t("certificate.refuse")}
					danger={!deciding.trust}
					askWhy
					onClose={() => setDeciding(undefined)}
					onConfirm={async (why) => {
						await sense.decideCertificate(
							{ thumbprint: deciding.certificate.thumbprint, trust: deciding.trust },
							why ? { why } : {},
						);
						await questions.invalidateQueries({ queryKey: ["sense"] });
						onDecided?.();
					}}
				>
					<p className="second">{deciding.trust ? t("certificate.trustNote") : t("certificate.refuseNote")}</p>
					<CertificateFacts certificate={deciding.certificate} />
				</Confirm>
			) : null}
		</Panel>
	);
}
