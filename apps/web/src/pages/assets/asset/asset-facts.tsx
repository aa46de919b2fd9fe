import type { AssetState } from "@millwright/twin/api";
import { useTranslation } from "react-i18next";
import { Fact, Panel } from "../../../parts/panel.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import { titleFromName } from "../../../parts/words.ts";

/** Facts that rarely change, and the asset's place in the namespace. */
export function AssetFacts({ asset }: { asset: AssetState }) {
	const { t } = useTranslation();
	const format = useFormat();
	return (
		<Panel title={t("asset.about")}>
			<dl>
				<Fact name={t("asset.path")}>{asset.asset}</Fact>
				<Fact name={t("asset.template")}>{asset.template}</Fact>
				{Object.entries(asset.about).map(([name, fact]) => (
					<Fact key={name} name={t(`fact.${name}`, { defaultValue: titleFromName(name) })}>
						{typeof fact === "number" ? format.value(fact) : String(fact)}
					</Fact>
				))}
			</dl>
		</Panel>
	);
}
