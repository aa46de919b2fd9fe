import { ActionIcon, Button, Menu, TextInput } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconClock, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../use-format.ts";
import { endsOf, moved, windows, zoomed } from "./clock.ts";
import { useClock } from "./use-clock.ts";
import "./time-range.css";

const localInput = (ms: number): string => {
	const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
	return date.toISOString().slice(0, 16);
};

function OwnRange({
	from,
	until,
	onShow,
}: {
	from: number;
	until: number;
	onShow: (ends: { from: number; until: number }) => void;
}) {
	const { t } = useTranslation();
	const [start, setStart] = useState(localInput(from));
	const [end, setEnd] = useState(localInput(until));
	const ends = { from: Date.parse(start), until: Date.parse(end) };
	const valid = ends.until > ends.from;
	return (
		<form
			className="own-range"
			onSubmit={(event) => {
				event.preventDefault();
				if (valid) onShow(ends);
			}}
		>
			<TextInput
				type="datetime-local"
				label={t("range.from")}
				value={start}
				onChange={(event) => setStart(event.currentTarget.value)}
			/>
			<TextInput
				type="datetime-local"
				label={t("range.until")}
				value={end}
				onChange={(event) => setEnd(event.currentTarget.value)}
			/>
			<Button type="submit" disabled={!valid}>
				{t("range.show")}
			</Button>
		</form>
	);
}

/** The time range all charts of the page obey. */
export function TimeRange() {
	const { t } = useTranslation();
	const format = useFormat();
	const { clock, follow, show } = useClock();
	const [open, setOpen] = useState(false);
	const ends = endsOf(clock, Date.now());
	const label = clock.live
		? t(`range.${clock.window}`, { defaultValue: t("range.last", { time: format.duration(clock.lengthMs) }) })
		: `${format.moment(ends.from, Date.now())} – ${format.moment(ends.until, Date.now())}`;
	return (
		<fieldset className="time-range" aria-label={t("range.title")}>
			<ActionIcon variant="default" size={30} aria-label={t("range.earlier")} onClick={() => show(moved(ends, -0.5))}>
				<IconChevronLeft size={16} />
			</ActionIcon>
			<Menu opened={open} onChange={setOpen} closeOnItemClick={false} width={240}>
				<Menu.Target>
					<Button variant="default" leftSection={<IconClock size={15} stroke={1.7} />}>
						{label}
					</Button>
				</Menu.Target>
				<Menu.Dropdown>
					{windows.map((window) => (
						<Menu.Item
							key={window}
							onClick={() => {
								follow(window);
								setOpen(false);
							}}
							rightSection={clock.live && clock.window === window ? "✓" : null}
						>
							{t(`range.${window}`)}
						</Menu.Item>
					))}
					<Menu.Divider />
					<OwnRange
						key={`${Math.round(ends.from / 60_000)}`}
						from={ends.from}
						until={ends.until}
						onShow={(own) => {
							show(own);
							setOpen(false);
						}}
					/>
				</Menu.Dropdown>
			</Menu>
			<ActionIcon
				variant="default"
				size={30}
				aria-label={t("range.later")}
				onClick={() => show(moved(ends, 0.5))}
				disabled={clock.live}
			>
				<IconChevronRight size={16} />
			</ActionIcon>
			<ActionIcon variant="default" size={30} aria-label={t("range.zoomIn")} onClick={() => show(zoomed(ends, 0.5))}>
				<IconZoomIn size={16} />
			</ActionIcon>
			<ActionIcon variant="default" size={30} aria-label={t("range.zoomOut")} onClick={() => show(zoomed(ends, 2))}>
				<IconZoomOut size={16} />
			</ActionIcon>
			{clock.live ? null : (
				<Button variant="light" onClick={() => follow("1h")}>
					{t("range.backToLive")}
				</Button>
			)}
		</fieldset>
	);
}
