import { Button, Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { namespace } from "../../data/namespace-client.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { Fact } from "../../parts/panel.tsx";
import { Answer } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";
import { AskRaw } from "./ask-raw.tsx";
import { GatewayConnections } from "./gateway-connections.tsx";

/** One gateway: its connections and their numbers, what was refused, its keys, and what can be asked of it. */
export function GatewayDrawer({
	gateway,
	onClose,
	onChanged,
	onKey,
}: {
	gateway: string;
	onClose: () => void;
	onChanged: () => Promise<void>;
	onKey: (key: string) => void;
}) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(5000);
	const [asking, setAsking] = useState<"rotate" | "revoke">();
	const about = useQuery({
		queryKey: ["namespace", "gateways", gateway],
		queryFn: ({ signal }) => namespace.gateway({ gateway }, { signal }),
		refetchInterval: 3000,
	});
	return (
		<Drawer
			opened
			size="xl"
			onClose={onClose}
			title={<span className="strong">{about.data?.gateway.title || gateway}</span>}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<Answer of={about}>
				{({ gateway: one, refused, asked }) => (
					<div className="stack">
						<dl>
							<Fact name={t("edges.places")}>{one.paths.join(", ")}</Fact>
							<Fact name={t("edges.tags")}>{format.count(one.tags)}</Fact>
							<Fact name={t("edges.version")}>{one.version ?? "–"}</Fact>
							<Fact name={t("edges.roundTrip")}>{one.roundTripMs === undefined ? "–" : format.duration(one.roundTripMs)}</Fact>
							<Fact name={t("edges.admitted")}>{format.moment(one.admittedAt, now)}</Fact>
							<Fact name={t("edges.keys")}>
								{one.keys
									.map(({ key, until }) => `${key}${until === undefined ? "" : ` (${format.moment(until, now)})`}`)
									.join(", ") || "–"}
							</Fact>
							{Object.entries(one.refusals)
								.filter(([, count]) => count > 0)
								.map(([name, count]) => (
									<Fact key={name} name={t(`edges.refusal.${name}`)}>
										{format.count(count)}
									</Fact>
								))}
						</dl>
						{one.reason ? <p className="second">{one.reason}</p> : null}
						<GatewayConnections connections={one.connections} />
						{refused.length > 0 ? (
							<div>
								<h3>{t("edges.refusedTags")}</h3>
								<ul>
									{refused.slice(0, 20).map(({ tag, reason }) => (
										<li key={tag}>
											<span className="mono">{tag}</span> <span className="second">{reason}</span>
										</li>
									))}
								</ul>
							</div>
						) : null}
						<AskRaw gateway={one} asked={asked} onAsked={() => about.refetch()} />
						{one.state === "revoked" ? null : (
							<div className="row wrap">
								{may("namespace.rotateGatewayKey") ? (
									<Button variant="default" onClick={() => setAsking("rotate")}>
										{t("edges.rotate")}
									</Button>
								) : null}
								{may("namespace.revokeGateway") ? (
									<Button variant="subtle" color="red" onClick={() => setAsking("revoke")}>
										{t("edges.revoke")}
									</Button>
								) : null}
							</div>
						)}
					</div>
				)}
			</Answer>
			{asking ? (
				<Confirm
					title={t(`edges.${asking}Title`, { name: gateway })}
					action={t(`edges.${asking}`)}
					danger={asking === "revoke"}
					needWhy
					onClose={() => setAsking(undefined)}
					onConfirm={async (why) => {
						if (asking === "rotate") onKey((await namespace.rotateGatewayKey({ gateway }, { why })).key);
						else await namespace.revokeGateway({ gateway }, { why });
						await onChanged();
					}}
				>
					<p className="second">{t(`edges.${asking}Note`)}</p>
				</Confirm>
			) : null}
		</Drawer>
	);
}
