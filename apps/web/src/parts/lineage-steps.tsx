import type { Lineage } from "@millwright/sense/api";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { QualityWord } from "./quality.tsx";
import { useFormat, useNow } from "./use-format.ts";
import "./lineage.css";

const Step = ({ name, children }: { name: string; children: ReactNode }) => (
	<li className="lineage-step">
		<span className="lineage-name">{name}</span>
		<div>{children}</div>
	</li>
);

/** The way of one number, from the machine's register down to what is shown. */
export function LineageSteps({ lineage }: { lineage: Lineage }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(1000);
	const show = (value: number | string | null): string =>
		value === null ? "–" : typeof value === "number" ? format.value(value) : value;
	const { last } = lineage;
	return (
		<ol className="lineage">
			<Step name={t("lineage.machine")}>
				<p className="strong">{lineage.target}</p>
				<p className="second">{lineage.driver}</p>
			</Step>
			<Step name={t("lineage.address")}>
				<p className="mono">{lineage.address}</p>
				<p className="second">
					{t("lineage.readEvery", { time: format.duration(lineage.every) })}
					{last ? ` · ${t("lineage.rawValue")} ` : ""}
					{last ? <span className="mono">{show(last.raw)}</span> : null}
				</p>
			</Step>
			<Step name={t("lineage.connection")}>
				<Link to="/connections/$connection" params={{ connection: lineage.connection }}>
					{lineage.connection}
				</Link>
				{lineage.map ? <p className="second">{t("lineage.map", { map: lineage.map })}</p> : null}
			</Step>
			{lineage.stages.map((stage) => (
				<Step key={stage.stage} name={t(`stage.${stage.stage}`, { defaultValue: stage.stage })}>
					<p>{stage.does}</p>
				</Step>
			))}
			{last ? (
				<Step name={t("lineage.result")}>
					<p className="mono strong">{show(last.value)}</p>
					<p className="second">
						<QualityWord quality={last.quality} /> ·{" "}
						{t("lineage.number", { count: last.sequence, number: format.count(last.sequence) })} ·{" "}
						{t("age.ago", { time: format.duration(Math.max(0, now - last.at)) })}
					</p>
				</Step>
			) : null}
		</ol>
	);
}
