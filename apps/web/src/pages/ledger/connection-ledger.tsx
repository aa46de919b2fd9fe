import type { Ledger } from "@millwright/sense/api";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { CardTable } from "../../parts/card-table.tsx";
import { SeverityMark } from "../../parts/severity.tsx";
import { useFormat } from "../../parts/use-format.ts";
import { evennessOf, isOfGateway } from "./evenness.ts";
import type { Numbers } from "./verdict.tsx";

const columns = ["read", "made", "filtered", "rejected", "sent", "buffered", "stored", "duplicate", "expired"] as const;

/** Both sums of every connection, and the numbers that prove them. */
export function ConnectionLedger({
	connections,
	integrity,
}: {
	connections: Record<string, Ledger>;
	integrity: Numbers | undefined;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	const numbers = new Map((integrity ?? []).map((one) => [one.connection, one]));
	const own = Object.entries(connections).sort(([a], [b]) => (a < b ? -1 : 1));
	const others = (integrity ?? []).filter(({ connection }) => !Object.hasOwn(connections, connection));
	const interval = (one: Numbers[number] | undefined): string =>
		one ? `${format.count(one.first)} – ${format.count(one.last)}` : "–";
	return (
		<CardTable label={t("proof.perConnection")} className="two ledger-table">
			<thead>
				<tr>
					<th>{t("edges.connection")}</th>
					{columns.map((column) => (
						<th key={column} className="number">
							{t(`proof.column.${column}`)}
						</th>
					))}
					<th className="number">{t("proof.numbers")}</th>
					<th className="number">{t("proof.holes")}</th>
					<th>{t("proof.even")}</th>
				</tr>
			</thead>
			<tbody>
				{own.map(([name, ledger]) => {
					const one = numbers.get(name);
					const evenness = evennessOf(name, ledger);
					const good = evenness !== "uneven" && ledger.expired === 0 && (one?.missing ?? 0) === 0;
					return (
						<tr key={name}>
							<td className="mono">
								{isOfGateway(name) ? (
									<Link to="/edges">{name}</Link>
								) : (
									<Link to="/connections/$connection" params={{ connection: name }}>
										{name}
									</Link>
								)}
							</td>
							{columns.map((column) => (
								<td key={column} className={`number${column === "expired" && ledger.expired > 0 ? " lost" : ""}`}>
									{format.count(ledger[column])}
								</td>
							))}
							<td className="number">{interval(one)}</td>
							<td className="number" title={holesOf(one)}>
								{one ? format.count(one.missing) : "–"}
							</td>
							<td>{good ? t(evenness === "even" ? "proof.yes" : "proof.counting") : <Uneven lost={ledger.expired > 0} />}</td>
						</tr>
					);
				})}
				{others.map((one) => (
					<tr key={one.connection}>
						<td className="mono">{one.connection}</td>
						<td className="third whole" colSpan={columns.length}>
							{t(one.derived ? "proof.derived" : "proof.formerly")}
						</td>
						<td className="number">{interval(one)}</td>
						<td className="number" title={holesOf(one)}>
							{one.derived ? "–" : format.count(one.missing)}
						</td>
						<td>{one.missing === 0 ? t("proof.yes") : <Uneven lost={false} />}</td>
					</tr>
				))}
			</tbody>
		</CardTable>
	);
}

const holesOf = (one: Numbers[number] | undefined): string | undefined =>
	one && one.holes.length > 0 ? one.holes.map(({ first, last }) => `${first}–${last}`).join(", ") : undefined;

function Uneven({ lost }: { lost: boolean }) {
	const { t } = useTranslation();
	return (
		<span className="row">
			<SeverityMark severity={lost ? "critical" : "high"} />
			{t(lost ? "proof.lost" : "proof.open")}
		</span>
	);
}
