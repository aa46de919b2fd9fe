import { Button, Switch } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session.tsx";
import { useOverview } from "../../data/use-overview.ts";
import { ExportMenu } from "../../parts/export-menu.tsx";
import { Panel } from "../../parts/panel.tsx";
import { TagPicker } from "../../parts/tag-picker.tsx";
import { TimeRange } from "../../parts/trend/time-range.tsx";
import { TrendStack } from "../../parts/trend/trend-stack.tsx";
import { lastLevel } from "../../parts/words.ts";
import { HistoryFigures } from "./history-figures.tsx";
import { MomentPanel } from "./moment/moment-panel.tsx";
import { WindowFigures } from "./window-figures.tsx";

/** Any tags of the plant over any time, with their figures. */
export function Explorer() {
	const { t } = useTranslation();
	const { may } = useSession();
	const navigate = useNavigate();
	const { tags = [] } = useSearch({ strict: false });
	const [together, setTogether] = useState(true);
	const overview = useOverview();
	const about = new Map((overview.data?.assets ?? []).flatMap((asset) => asset.tags.map((tag) => [tag.tag, tag] as const)));
	const set = (next: string[]): void =>
		void navigate({ to: ".", search: (search: Record<string, unknown>) => ({ ...search, tags: next }) as never, replace: true });
	return (
		<div className="stack">
			<HistoryFigures />
			<Panel>
				<div className="row wrap">
					{may("namespace.search") ? <TagPicker taken={tags} onPick={(tag) => set([...tags, tag].slice(-12))} /> : null}
					{tags.map((tag) => (
						<Button
							key={tag}
							variant="default"
							rightSection={<IconX size={13} />}
							title={tag}
							aria-label={t("trend.removeTag", { tag })}
							onClick={() => set(tags.filter((each) => each !== tag))}
						>
							{tag.split("/").at(-2)} / {lastLevel(tag)}
						</Button>
					))}
					<span className="grow" />
					<TimeRange />
					<Switch label={t("trend.together")} checked={together} onChange={(event) => setTogether(event.currentTarget.checked)} />
					<ExportMenu tags={tags} />
				</div>
				<TrendStack tags={tags.map((tag) => about.get(tag) ?? { tag })} events={[]} together={together} height={140} />
			</Panel>
			{tags.length > 0 && may("history.aggregate") ? <WindowFigures tags={tags} /> : null}
			{may("history.at") && may("history.replay") ? <MomentPanel assets={overview.data?.assets ?? []} tags={tags} /> : null}
		</div>
	);
}
