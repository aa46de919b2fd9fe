import { Drawer } from "@mantine/core";
import type { AuditEntry } from "@millwright/audit/api";
import { useTranslation } from "react-i18next";
import { Fact } from "../../parts/panel.tsx";
import { ScrollText } from "../../parts/scroll-text.tsx";
import { useFormat } from "../../parts/use-format.ts";
import { Outcome, useDeedWords } from "./entry-row.tsx";

/** One entry whole: the input without its secrets, and its links in the chain. */
export function EntryDrawer({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
	const { t } = useTranslation();
	const format = useFormat();
	const deed = useDeedWords();
	return (
		<Drawer
			opened
			onClose={onClose}
			size={520}
			title={<span className="strong">{t("audit.entry", { number: entry.number })}</span>}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<div className="stack">
				<dl>
					<Fact name={t("audit.what")}>{deed(entry.what)}</Fact>
					<Fact name={t("audit.operation")}>{entry.what}</Fact>
					<Fact name={t("audit.on")}>{entry.on || "–"}</Fact>
					<Fact name={t("audit.who")}>
						{entry.who.name} ({entry.who.id})
					</Fact>
					<Fact name={t("audit.from")}>{entry.who.from}</Fact>
					<Fact name={t("audit.at")}>{format.dateTime(entry.at)}</Fact>
					<Fact name={t("audit.why")}>{entry.why || "–"}</Fact>
					<Fact name={t("audit.outcome")}>
						<Outcome entry={entry} /> {entry.code}
					</Fact>
				</dl>
				<h2>{t("audit.input")}</h2>
				<ScrollText className="audit-input" label={t("audit.input")}>
					{JSON.stringify(entry.input, null, 2)}
				</ScrollText>
				<dl>
					<Fact name={t("audit.hash")}>{entry.hash}</Fact>
					<Fact name={t("audit.previous")}>{entry.previous}</Fact>
				</dl>
			</div>
		</Drawer>
	);
}
