import { Button, Select } from "@mantine/core";
import type { NamespaceClient } from "@millwright/namespace/api";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { namespace } from "../../data/namespace-client.ts";
import { Failed } from "../../parts/states.tsx";
import { endsOf } from "../../parts/trend/clock.ts";
import { TimeRange } from "../../parts/trend/time-range.tsx";
import { useClock } from "../../parts/trend/use-clock.ts";
import { useFormat } from "../../parts/use-format.ts";
import type { Gateway } from "./types.ts";

type Asked = Awaited<ReturnType<NamespaceClient["gateway"]>>["asked"];

/** The samples behind the summaries lie at the edge: this brings a time of them up. */
export function AskRaw({ gateway, asked, onAsked }: { gateway: Gateway; asked: Asked; onAsked: () => unknown }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const { clock } = useClock();
	const summarised = gateway.connections.filter(({ mode }) => mode !== "raw").map(({ connection }) => connection);
	const [chosen, setChosen] = useState<string>();
	const connection = chosen ?? summarised[0];
	const ask = useMutation({
		mutationFn: () =>
			namespace.askRaw({ gateway: gateway.gateway, connection: connection as string, ...whole(endsOf(clock, Date.now())) }),
		onSuccess: onAsked,
	});
	if (summarised.length === 0 && asked.length === 0) return null;
	return (
		<div className="stack">
			<h3>{t("edges.raw")}</h3>
			{may("namespace.askRaw") && summarised.length > 0 ? (
				<div className="row wrap">
					<Select
						aria-label={t("edges.connection")}
						data={summarised}
						value={connection ?? null}
						allowDeselect={false}
						onChange={(value) => setChosen(value ?? undefined)}
					/>
					<TimeRange />
					<Button variant="default" loading={ask.isPending} onClick={() => ask.mutate()}>
						{t("edges.askRaw")}
					</Button>
				</div>
			) : null}
			{ask.error ? <Failed error={ask.error} /> : null}
			<ul>
				{asked.map((one) => (
					<li key={one.ask} className="row wrap">
						<span className="mono">{one.connections.join(", ")}</span>
						<span className="second">
							{format.dateTime(one.from)} – {format.dateTime(one.until)}
						</span>
						<span>{t(`edges.asked.${one.state}`, { rows: format.count(one.rows) })}</span>
						{one.reason ? <span className="third">{one.reason}</span> : null}
					</li>
				))}
			</ul>
		</div>
	);
}

const whole = ({ from, until }: { from: number; until: number }) => ({ from: Math.floor(from), until: Math.ceil(until) });
