import type { AuditEntry } from "@millwright/audit/api";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../parts/use-format.ts";

/** done, refused or failed: with a shape, never by colour alone. */
export function Outcome({ entry }: { entry: AuditEntry }) {
	const { t } = useTranslation();
	return (
		<span className={`outcome ${entry.outcome}`}>
			<span aria-hidden="true">{entry.outcome === "done" ? "✓" : entry.outcome === "refused" ? "⊘" : "✕"}</span>{" "}
			{t(`outcome.${entry.outcome}`)}
		</span>
	);
}

/** What was done, in words where we have them. */
export function useDeedWords(): (what: string) => string {
	const { t } = useTranslation();
	return (what) => t(`deed.${what.replace(".", "-")}`, { defaultValue: what });
}

export function EntryRow({ entry, onOpen }: { entry: AuditEntry; onOpen: () => void }) {
	const format = useFormat();
	const deed = useDeedWords();
	return (
		<tr className="can-open">
			<td className="number third">{entry.number}</td>
			<td className="second audit-time">{format.dateTime(entry.at)}</td>
			<td>{entry.who.name}</td>
			<td>
				<button type="button" className="plain-button audit-open" onClick={onOpen} title={entry.what}>
					{deed(entry.what)}
				</button>
			</td>
			<td className="mono audit-on">{entry.on}</td>
			<td className="second">{entry.why}</td>
			<td>
				<Outcome entry={entry} />
			</td>
		</tr>
	);
}
