import { Button, Switch } from "@mantine/core";
import type { AssetState, LimitEvent } from "@millwright/twin/api";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { ExportMenu } from "../../../parts/export-menu.tsx";
import { Panel } from "../../../parts/panel.tsx";
import { TagPicker } from "../../../parts/tag-picker.tsx";
import { TimeRange } from "../../../parts/trend/time-range.tsx";
import { TrendStack } from "../../../parts/trend/trend-stack.tsx";
import { lastLevel } from "../../../parts/words.ts";
import type { ChosenTags } from "./use-chosen-tags.ts";

/** The chosen tags over time, beside each other's and other machines'. */
export function AssetTrends({ asset, events, chosen }: { asset: AssetState; events: LimitEvent[]; chosen: ChosenTags }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const [together, setTogether] = useState(false);
	if (!may("history.trend")) return null;
	const own = new Map(asset.tags.map((tag) => [tag.tag, tag]));
	const others = chosen.tags.filter((tag) => !own.has(tag));
	return (
		<Panel title={t("trend.title")} side={<TimeRange />}>
			<div className="row wrap">
				{may("namespace.search") ? <TagPicker taken={chosen.tags} onPick={chosen.add} /> : null}
				{others.map((tag) => (
					<Button
						key={tag}
						variant="default"
						rightSection={<IconX size={13} />}
						title={tag}
						aria-label={t("trend.removeTag", { tag })}
						onClick={() => chosen.toggle(tag)}
					>
						{tag.split("/").at(-2)} / {lastLevel(tag)}
					</Button>
				))}
				<Switch label={t("trend.together")} checked={together} onChange={(event) => setTogether(event.currentTarget.checked)} />
				<span className="grow" />
				<ExportMenu tags={chosen.tags} />
			</div>
			<TrendStack tags={chosen.tags.map((tag) => own.get(tag) ?? { tag })} events={events} together={together} />
		</Panel>
	);
}
