import { useTranslation } from "react-i18next";
import { ScrollText } from "../../../parts/scroll-text.tsx";

const mostColumns = 12;
const mostRows = 6;

/** The file as it is, so that a person sees what the columns hold. */
export function FirstRows({ columns, rows }: { columns: { name: string; type: string }[]; rows: (string | null)[][] }) {
	const { t } = useTranslation();
	const shown = columns.slice(0, mostColumns);
	return (
		<ScrollText className="table-scroll" label={t("import.firstRows")}>
			<table className="table">
				<thead>
					<tr>
						{shown.map(({ name }) => (
							<th key={name}>{name}</th>
						))}
						{columns.length > mostColumns ? <th>{t("import.moreColumns", { number: columns.length - mostColumns })}</th> : null}
					</tr>
				</thead>
				<tbody>
					{rows.slice(0, mostRows).map((row, at) => (
						// biome-ignore lint/suspicious/noArrayIndexKey: rows of a file have no other name and never move
						<tr key={at}>
							{shown.map(({ name }, column) => (
								<td key={name} className="mono">
									{row[column] ?? "–"}
								</td>
							))}
							{columns.length > mostColumns ? <td /> : null}
						</tr>
					))}
				</tbody>
			</table>
		</ScrollText>
	);
}
