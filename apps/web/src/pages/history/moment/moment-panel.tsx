import { ActionIcon, Button, SegmentedControl, Select } from "@mantine/core";
import type { AssetState } from "@millwright/twin/api";
import { IconPlayerPause, IconPlayerPlay, IconPlayerSkipBack } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Panel } from "../../../parts/panel.tsx";
import { Answer, Failed } from "../../../parts/states.tsx";
import { endsOf } from "../../../parts/trend/clock.ts";
import { useClock } from "../../../parts/trend/use-clock.ts";
import { useFormat } from "../../../parts/use-format.ts";
import { MomentTable } from "./moment-table.tsx";
import { useMoment } from "./use-moment.ts";

const speeds = [1, 10, 60, 100];

/** An asset as it was at a moment of the window on screen, and how it went on from there. */
export function MomentPanel({ assets, tags }: { assets: AssetState[]; tags: string[] }) {
	const { t } = useTranslation();
	const format = useFormat();
	const { clock } = useClock();
	const [chosen, setChosen] = useState<string>();
	const [opened] = useState(() => Date.now());
	const { from, until } = endsOf(clock, opened);
	const [picked, setPicked] = useState<number>();
	const at = Math.min(until, Math.max(from, picked ?? until));
	const asset =
		assets.find(({ asset: path }) => path === chosen) ??
		assets.find(({ asset: path }) => tags.some((tag) => tag.startsWith(`${path}/`))) ??
		assets[0];
	const names = useMemo(() => asset?.tags.map(({ tag }) => tag) ?? [], [asset]);
	const known = names.join(" ");
	// The overview is asked again and again; the tags stay the same.
	// biome-ignore lint/correctness/useExhaustiveDependencies: the joined names are the names
	const stable = useMemo(() => names, [known]);
	const moment = useMoment({ tags: stable, at, until, onAt: setPicked });
	const go = (next: number): void => {
		moment.forget();
		setPicked(next);
	};
	if (!asset) return null;
	return (
		<Panel title={t("moment.title")} note={t("moment.note")} flush className="moment">
			<div className="moment-bar">
				<Select
					aria-label={t("proof.asset")}
					data={assets.map((each) => ({ value: each.asset, label: format.words(each.title) }))}
					value={asset.asset}
					searchable
					allowDeselect={false}
					onChange={(next) => {
						moment.forget();
						setChosen(next ?? undefined);
					}}
				/>
				<time className="mono strong moment-time" dateTime={new Date(at).toISOString()}>
					{format.dateTime(at)}
				</time>
				<input
					type="range"
					className="moment-slider"
					aria-label={t("moment.slider")}
					aria-valuetext={format.dateTime(at)}
					min={from}
					max={until}
					step={Math.max(1000, Math.round((until - from) / 3600))}
					value={at}
					onChange={(event) => go(Number(event.currentTarget.value))}
				/>
				<div className="row wrap">
					<ActionIcon variant="default" size={30} aria-label={t("moment.toStart")} onClick={() => go(from)}>
						<IconPlayerSkipBack size={15} />
					</ActionIcon>
					<Button
						variant="default"
						disabled={!moment.playing && at >= until}
						leftSection={moment.playing ? <IconPlayerPause size={15} /> : <IconPlayerPlay size={15} />}
						onClick={() => (moment.playing ? moment.pause() : moment.play())}
					>
						{t(moment.playing ? "moment.pause" : "moment.play")}
					</Button>
					<SegmentedControl
						size="xs"
						aria-label={t("moment.speed")}
						value={String(moment.speed)}
						data={speeds.map((speed) => ({ value: String(speed), label: `${speed}×` }))}
						onChange={(speed) => moment.setSpeed(Number(speed))}
					/>
					<span className="third small" role="status">
						{moment.waiting ? t("state.loading") : at >= until && picked !== undefined ? t("moment.ended") : ""}
					</span>
				</div>
			</div>
			{moment.error ? <Failed error={moment.error} onRetry={moment.play} /> : null}
			<Answer of={moment.held} rows={6}>
				{() => <MomentTable tags={asset.tags} shown={moment.shown} at={at} />}
			</Answer>
		</Panel>
	);
}
