import { Button } from "@mantine/core";
import { IconPrinter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { sense } from "../../data/clients.ts";
import { history } from "../../data/history-client.ts";
import { PageHead } from "../../parts/page-head.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { useFormat } from "../../parts/use-format.ts";
import { ConnectionLedger } from "./connection-ledger.tsx";
import { Coverage } from "./coverage.tsx";
import { Definitions } from "./definitions.tsx";
import { Verdict } from "./verdict.tsx";
import "../../parts/table.css";
import "./ledger.css";

/** Is anything missing? Counted, numbered, drawn, explained, printable. */
export function LedgerPage() {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const ledger = useQuery({
		queryKey: ["sense", "ledger"],
		queryFn: ({ signal }) => sense.ledger({}, { signal }),
		refetchInterval: 3000,
	});
	const integrity = useQuery({
		queryKey: ["history", "integrity"],
		queryFn: ({ signal }) => history.integrity({}, { signal }),
		refetchInterval: 10_000,
		enabled: may("history.integrity"),
	});
	return (
		<div className="page ledger-page">
			<PageHead
				title={t("nav.ledger")}
				note={integrity.data ? t("proof.asOf", { time: format.dateTime(integrity.data.at) }) : undefined}
			>
				<Button variant="default" leftSection={<IconPrinter size={14} />} onClick={() => globalThis.print()}>
					{t("proof.print")}
				</Button>
			</PageHead>
			<Answer of={ledger} rows={3}>
				{(data) => <Verdict ledger={data} integrity={integrity.data?.connections} />}
			</Answer>
			<Panel title={t("proof.perConnection")} note={t("proof.perConnectionNote")} flush>
				<Answer of={ledger} rows={5}>
					{(data) => <ConnectionLedger connections={data.connections} integrity={integrity.data?.connections} />}
				</Answer>
			</Panel>
			{may("history.completeness") ? <Coverage /> : null}
			<Definitions />
		</div>
	);
}
