import type uPlot from "uplot";

/** Colours of the page as the canvas needs them; read again when light turns dark. */
export interface Inks {
	ink: string;
	ink3: string;
	line: string;
	band: string;
	hatch: string;
	critical: string;
	criticalSoft: string;
	high: string;
	highSoft: string;
	informationSoft: string;
	lines: string[];
}

export function inksOf(element: Element): Inks {
	const style = getComputedStyle(element);
	const of = (name: string): string => style.getPropertyValue(name).trim();
	return {
		ink: of("--pointer"),
		ink3: of("--ink3"),
		line: of("--line"),
		band: of("--sunken"),
		hatch: of("--stale"),
		critical: of("--critical"),
		criticalSoft: of("--critical-soft"),
		high: of("--high"),
		highSoft: of("--high-soft"),
		informationSoft: of("--information-soft"),
		// State colours never serve as line colours; dashes tell lines apart as well.
		lines: [of("--pointer"), of("--accent"), of("--ink3"), of("--band")],
	};
}

export const dashes: number[][] = [[], [6, 3], [2, 3], [10, 3, 2, 3]];

export interface ChartMark {
	from: number;
	until: number | undefined;
	severity: "critical" | "high";
}

/** The normal band, behind everything. */
export function drawBand(chart: uPlot, [low, high]: readonly [number, number], inks: Inks): void {
	const { ctx, bbox } = chart;
	const top = Math.max(bbox.top, chart.valToPos(high, "y", true));
	const bottom = Math.min(bbox.top + bbox.height, chart.valToPos(low, "y", true));
	if (bottom <= top) return;
	ctx.save();
	ctx.fillStyle = inks.band;
	ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
	ctx.restore();
}

/** Limits as thin dashed lines. */
export function drawLimit(chart: uPlot, value: number, colour: string): void {
	const { ctx, bbox } = chart;
	const y = Math.round(chart.valToPos(value, "y", true)) + 0.5;
	if (y < bbox.top || y > bbox.top + bbox.height) return;
	ctx.save();
	ctx.strokeStyle = colour;
	ctx.lineWidth = devicePixelRatio;
	ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
	ctx.beginPath();
	ctx.moveTo(bbox.left, y);
	ctx.lineTo(bbox.left + bbox.width, y);
	ctx.stroke();
	ctx.restore();
}

const clampX = (chart: uPlot, ms: number): number =>
	Math.max(chart.bbox.left, Math.min(chart.bbox.left + chart.bbox.width, chart.valToPos(ms, "x", true)));

/** A limit event: tinted while it lasts, a dashed line where it began. */
export function drawMark(chart: uPlot, mark: ChartMark, now: number, inks: Inks): void {
	const { ctx, bbox } = chart;
	const left = clampX(chart, mark.from);
	const right = clampX(chart, mark.until ?? now);
	if (right <= bbox.left || left >= bbox.left + bbox.width) return;
	ctx.save();
	ctx.globalAlpha = 0.45;
	ctx.fillStyle = mark.severity === "critical" ? inks.criticalSoft : inks.highSoft;
	ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
	ctx.globalAlpha = 1;
	if (left > bbox.left) {
		ctx.strokeStyle = mark.severity === "critical" ? inks.critical : inks.high;
		ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
		ctx.beginPath();
		ctx.moveTo(left, bbox.top);
		ctx.lineTo(left, bbox.top + bbox.height);
		ctx.stroke();
	}
	ctx.restore();
}

/** Bad quality and missing values: hatched, never bridged. */
export function drawHatched(chart: uPlot, stretches: readonly (readonly [number, number])[], inks: Inks): void {
	const { ctx, bbox } = chart;
	const step = 6 * devicePixelRatio;
	ctx.save();
	ctx.beginPath();
	for (const [from, until] of stretches) {
		const left = clampX(chart, from);
		const right = clampX(chart, until);
		if (right > left) ctx.rect(left, bbox.top, right - left, bbox.height);
	}
	ctx.clip();
	ctx.globalAlpha = 0.35;
	ctx.strokeStyle = inks.hatch;
	ctx.lineWidth = devicePixelRatio * 0.7;
	ctx.beginPath();
	for (const [from, until] of stretches) {
		const left = clampX(chart, from);
		const right = clampX(chart, until);
		for (let x = Math.floor((left - bbox.height) / step) * step; x < right; x += step) {
			ctx.moveTo(x, bbox.top + bbox.height);
			ctx.lineTo(x + bbox.height, bbox.top);
		}
	}
	ctx.stroke();
	ctx.restore();
}
