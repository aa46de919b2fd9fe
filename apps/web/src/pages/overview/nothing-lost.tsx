import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { sense } from "../../data/clients.ts";
import { Fact, Panel } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";

/** The ledger: what machines gave, what left, what is stored; anything lost is said in red. */
export function NothingLost() {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(60_000);
	const ledger = useQuery({
		queryKey: ["sense", "ledger"],
		queryFn: ({ signal }) => sense.ledger({}, { signal }),
		refetchInterval: 3000,
	});
	const { total, since } = ledger.data ?? {};
	return (
		<Panel
			title={total && total.expired > 0 ? t("ledger.lostTitle") : t("ledger.nothingLost")}
			note={since === undefined ? undefined : t("ledger.since", { time: format.moment(since, now) })}
			flush
		>
			<Answer of={ledger} rows={5}>
				{({ total, longestOutageMs }) => (
					<dl className="ledger">
						<Fact name={t("ledger.read")}>{format.count(total.read)}</Fact>
						<Fact name={t("ledger.filtered")} quiet>
							{format.count(total.filtered)}
						</Fact>
						{total.made > 0 ? (
							<Fact name={t("ledger.made")} quiet>
								{format.count(total.made)}
							</Fact>
						) : null}
						{total.rejected > 0 ? <Fact name={t("ledger.rejected")}>{format.count(total.rejected)}</Fact> : null}
						<Fact name={t("ledger.sent")}>{format.count(total.sent)}</Fact>
						<Fact name={t("ledger.stored")}>{format.count(total.stored)}</Fact>
						<Fact name={t("ledger.underWay")} quiet>
							{format.count(Math.max(0, total.sent - total.stored - total.expired))}
						</Fact>
						<Fact name={t("ledger.lostTwice")}>
							<span className={total.expired > 0 ? "lost" : undefined}>{format.count(total.expired)}</span> ·{" "}
							{format.count(total.duplicate)}
						</Fact>
						<Fact name={t("ledger.longestOutage")}>
							{longestOutageMs > 0 ? format.duration(longestOutageMs) : t("ledger.noOutage")}
						</Fact>
					</dl>
				)}
			</Answer>
		</Panel>
	);
}
