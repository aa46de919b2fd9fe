import { useComputedColorScheme } from "@mantine/core";
import { type KeyboardEvent, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { live } from "../../data/live.ts";
import { formatTick, formatValue } from "../format.ts";
import { type Clock, endsOf, moved, zoomed } from "./clock.ts";
import { type ChartMark, dashes, drawBand, drawHatched, drawLimit, drawMark, inksOf } from "./draw.ts";
import { badStretches, extremesOf, joined, type Line, type Tail } from "./tail.ts";
import "./chart.css";

export interface ChartSeries {
	tag: string;
	line: Line;
	tail: Tail | undefined;
	/** Values hold until the next one: states and switches. */
	stepped: boolean;
}

export interface ChartProps {
	label: string;
	series: ChartSeries[];
	clock: Clock;
	locale: string;
	height: number;
	normal?: readonly [number, number] | undefined;
	limits?: { value: number; severity: "critical" | "high" }[];
	marks: ChartMark[];
	/** Colour of a single line that is beyond its limit now. */
	severity?: "critical" | "high" | undefined;
	axis: boolean;
	onShow(ends: { from: number; until: number }): void;
	onReset(): void;
	/** Value of each line under the cursor, undefined when it leaves. */
	onCursor(values: (number | null | undefined)[] | undefined, at: number | undefined): void;
}

const wheelStep = 0.12;

const gridStep = (splits: number[]): number => (splits.length > 1 ? (splits[1] as number) - (splits[0] as number) : 1000);

/** uPlot with the manners of the product: normal band, limits, hatched gaps, events, one cursor and one clock for the page. */
export function Chart(props: ChartProps) {
	const box = useRef<HTMLDivElement>(null);
	const latest = useRef(props);
	const scheme = useComputedColorScheme("light");
	useEffect(() => {
		latest.current = props;
	});

	const shape = `${props.series.map((each) => `${each.tag}${each.stepped}`).join("|")} ${props.height} ${props.axis} ${props.locale} ${props.severity ?? ""} ${scheme}`;

	// biome-ignore lint/correctness/useExhaustiveDependencies: built anew only when its shape changes; everything else is read as it is drawn
	useEffect(() => {
		const element = box.current;
		if (!element) return;
		const inks = inksOf(element);
		const now = (): number => Date.now();
		let lines: Line[] = [];
		let ends = endsOf(latest.current.clock, now());
		const { series, locale, axis, height, severity } = latest.current;

		const read = (): uPlot.AlignedData => {
			lines = latest.current.series.map(({ line, tail }) => (tail ? joined(line, tail.line) : line));
			const tables = lines.map((line) => [line.times, line.values] as uPlot.AlignedData);
			const [only] = tables;
			return tables.length === 1 && only ? only : uPlot.join(tables);
		};

		const range = (): uPlot.Range.MinMax => {
			let low = Number.POSITIVE_INFINITY;
			let high = Number.NEGATIVE_INFINITY;
			for (const line of lines) {
				const found = extremesOf(line, ends.from, ends.until);
				if (found) [low, high] = [Math.min(low, found[0]), Math.max(high, found[1])];
			}
			const { normal } = latest.current;
			if (normal) [low, high] = [Math.min(low, normal[0]), Math.max(high, normal[1])];
			if (low > high) return [0, 1];
			const margin = (high - low || Math.abs(high) || 1) * 0.08;
			return [low - margin, high + margin];
		};

		const drawUnder = (chart: uPlot): void => {
			const { normal, limits, marks } = latest.current;
			if (normal) drawBand(chart, normal, inks);
			for (const mark of marks) drawMark(chart, mark, now(), inks);
			for (const limit of limits ?? []) drawLimit(chart, limit.value, limit.severity === "critical" ? inks.critical : inks.high);
		};
		const drawOver = (chart: uPlot): void => {
			for (const line of lines) drawHatched(chart, badStretches(line, Math.min(now(), ends.until)), inks);
			if (latest.current.clock.live && live.status().state !== "live") {
				const last = Math.max(...lines.map((line) => line.times.at(-1) ?? ends.from));
				drawHatched(chart, [[last, ends.until]], inks);
			}
		};

		const chart = new uPlot(
			{
				width: Math.max(120, element.clientWidth),
				height,
				ms: 1,
				padding: [4, 4, axis ? 0 : 4, 0],
				legend: { show: false },
				cursor: {
					y: false,
					points: { size: 6 },
					sync: { key: "millwright" },
					drag: { x: true, y: false, setScale: false },
					bind: {
						dblclick: () => () => {
							latest.current.onReset();
							return null;
						},
					},
				},
				scales: { x: { time: true, range: () => [ends.from, ends.until] }, y: { range } },
				axes: [
					{
						show: axis,
						size: 22,
						gap: 4,
						font: "11px Inter Variable, sans-serif",
						stroke: inks.ink3,
						ticks: { show: false },
						grid: { stroke: inks.line, width: 1 },
						space: 88,
						values: (_, splits) => splits.map((split) => formatTick(split, locale, gridStep(splits))),
					},
					{
						size: 66,
						gap: 6,
						font: "11px JetBrains Mono Variable, monospace",
						stroke: inks.ink3,
						ticks: { show: false },
						grid: { show: false },
						space: 34,
						values: (_, splits) => splits.map((split) => formatValue(split, locale)),
					},
				],
				series: [
					{},
					...series.map((each, index) => ({
						stroke:
							series.length === 1 && severity
								? severity === "critical"
									? inks.critical
									: inks.high
								: (inks.lines[index % inks.lines.length] as string),
						dash: dashes[index % dashes.length] as number[],
						width: 1.4,
						points: { show: false },
						spanGaps: false,
						...(each.stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
					})),
				],
				hooks: {
					drawClear: [drawUnder],
					draw: [drawOver],
					setSelect: [
						(self) => {
							if (self.select.width < 4) return;
							const from = self.posToVal(self.select.left, "x");
							const until = self.posToVal(self.select.left + self.select.width, "x");
							self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
							if (until - from >= 500) latest.current.onShow({ from, until });
						},
					],
					setCursor: [
						(self) => {
							const index = self.cursor.idx;
							if (index === null || index === undefined || (self.cursor.left ?? -1) < 0) {
								latest.current.onCursor(undefined, undefined);
								return;
							}
							latest.current.onCursor(
								series.map((_, each) => self.data[each + 1]?.[index] as number | null | undefined),
								self.data[0][index],
							);
						},
					],
				},
			},
			read(),
			element,
		);

		const onWheel = (event: WheelEvent): void => {
			const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0;
			if (!event.ctrlKey && sideways === 0) return;
			event.preventDefault();
			if (event.ctrlKey) {
				const area = chart.over.getBoundingClientRect();
				const around = Math.max(0, Math.min(1, (event.clientX - area.left) / area.width));
				latest.current.onShow(zoomed(ends, event.deltaY > 0 ? 1.25 : 0.8, around));
			} else latest.current.onShow(moved(ends, Math.sign(sideways) * wheelStep));
		};
		element.addEventListener("wheel", onWheel, { passive: false });

		const sizes = new ResizeObserver(() => {
			if (element.clientWidth > 0 && element.clientWidth !== chart.width) chart.setSize({ width: element.clientWidth, height });
		});
		sizes.observe(element);

		// Redrawn when data or clock changed, and in live mode as often as a pixel of time passes.
		let drawnAt = 0;
		let drawnFor: ChartProps | undefined;
		let request = requestAnimationFrame(function frame() {
			const { clock } = latest.current;
			const pixelMs = clock.live ? clock.lengthMs / Math.max(120, chart.width) : Number.POSITIVE_INFINITY;
			const due = performance.now() - drawnAt >= Math.max(100, Math.min(5000, pixelMs));
			if (latest.current !== drawnFor || (clock.live && due)) {
				drawnAt = performance.now();
				drawnFor = latest.current;
				ends = endsOf(clock, now());
				chart.setData(read());
			}
			request = requestAnimationFrame(frame);
		});
		return () => {
			cancelAnimationFrame(request);
			sizes.disconnect();
			element.removeEventListener("wheel", onWheel);
			chart.destroy();
		};
	}, [shape]);

	const onKey = (event: KeyboardEvent): void => {
		const ends = endsOf(props.clock, Date.now());
		if (event.key === "ArrowLeft") props.onShow(moved(ends, -0.2));
		else if (event.key === "ArrowRight") props.onShow(moved(ends, 0.2));
		else if (event.key === "+") props.onShow(zoomed(ends, 0.5));
		else if (event.key === "-") props.onShow(zoomed(ends, 2));
		else if (event.key === "0") props.onReset();
		else return;
		event.preventDefault();
	};

	return (
		<div
			className="chart"
			ref={box}
			role="img"
			aria-label={props.label}
			// biome-ignore lint/a11y/noNoninteractiveTabindex: arrows pan and + and - zoom the chart
			tabIndex={0}
			onKeyDown={onKey}
			style={{ height: props.height }}
		/>
	);
}
