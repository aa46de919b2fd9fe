import { NumberInput } from "@mantine/core";
import type { AssetState, TagState } from "@millwright/twin/api";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { twin } from "../../../data/clients.ts";
import { AnalogBar } from "../../../parts/analog-bar.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { unitLabel } from "../../../parts/unit-label.ts";
import { useFormat } from "../../../parts/use-format.ts";
import { changedLimits, limitsOutOfOrder } from "./limits-order.ts";

const fields = ["highHigh", "high", "low", "lowLow", "deadband", "onDelayMs"] as const;

/** New limits for one tag: shown on the bar before they hold, with a reason. */
export function LimitsForm({ asset, tag, onClose }: { asset: AssetState; tag: TagState; onClose: () => void }) {
	const { t } = useTranslation();
	const format = useFormat();
	const questions = useQueryClient();
	const [limits, setLimits] = useState<Partial<Record<(typeof fields)[number], number>>>({ ...tag.limits });
	const [toTemplate, setToTemplate] = useState(false);
	const wrong = limitsOutOfOrder(limits);
	const unit = unitLabel(tag.unit);
	return (
		<Confirm
			title={t("limitForm.title", { name: format.words(tag.title) })}
			action={toTemplate ? t("limitForm.useTemplate") : t("limitForm.set")}
			needWhy
			onClose={onClose}
			onConfirm={async (why) => {
				if (wrong && !toTemplate) throw new Error(t("limitForm.order"));
				await twin.setLimits(
					{ asset: asset.asset, name: tag.name, limits: toTemplate ? null : changedLimits(limits) },
					why ? { why } : {},
				);
				await questions.invalidateQueries({ queryKey: ["twin"] });
			}}
		>
			<div className="stack">
				<p className="row between">
					<span className="second">{t("limitForm.now")}</span>
					<span className="mono">
						{typeof tag.value === "number" ? format.value(tag.value, tag.decimals) : "–"} {unit}
					</span>
				</p>
				<AnalogBar
					wide
					tag={{ ...tag, limits: toTemplate ? undefined : limits }}
					value={typeof tag.value === "number" ? tag.value : null}
				/>
				<div className="limit-fields">
					{fields.map((field) => (
						<NumberInput
							key={field}
							label={t(`limitName.${field}`)}
							suffix={field === "onDelayMs" ? " ms" : unit ? ` ${unit}` : ""}
							value={limits[field] ?? ""}
							disabled={toTemplate}
							onChange={(value) => setLimits({ ...limits, [field]: typeof value === "number" ? value : undefined })}
							{...(field === "deadband" || field === "onDelayMs" ? { min: 0 } : {})}
						/>
					))}
				</div>
				{wrong ? (
					<p role="alert" className="severity high">
						{t("limitForm.order")}
					</p>
				) : null}
				<label className="row">
					<input type="checkbox" checked={toTemplate} onChange={(event) => setToTemplate(event.currentTarget.checked)} />
					{t("limitForm.backToTemplate", { template: asset.template })}
				</label>
			</div>
		</Confirm>
	);
}
