import type { Nanos, Quality } from "@millwright/core";
import type { Pipeline } from "../api.ts";
import type { Passing, RowSink, TagCounts } from "./stage.ts";

type Pass = Pipeline["pass"];

/** Every row. */
export const passAll = (tag: number): Passing => ({
	row: (time, _ms, value, quality, _changed, out) => out.add(tag, time, value, quality),
	flush() {},
});

/** The first row of each interval; intervals begin at multiples of `every` since 1970. */
export function passSample(tag: number, { every }: Extract<Pass, { by: "sample" }>, counts: TagCounts): Passing {
	let last = Number.NaN;
	const step = Math.max(1, every);
	return {
		row(time, ms, value, quality, changed, out) {
			const interval = Math.floor(ms / step);
			if (interval === last && !changed) {
				counts.filtered++;
				return;
			}
			last = interval;
			out.add(tag, time, value, quality);
		},
		flush() {},
	};
}

/** Changes of at least the given size against the last row passed; any change where no size is given or it is 0. */
export function passDeadband(tag: number, settings: Extract<Pass, { by: "deadband" }>, counts: TagCounts): Passing {
	const { absolute, percent, atLeastEvery } = settings;
	let passed = Number.NaN;
	let passedAt = Number.NEGATIVE_INFINITY;
	const any = !absolute && !percent;
	const isLarge = (value: number): boolean => {
		const change = Math.abs(value - passed);
		if (!(change > 0)) return Number.isNaN(change) && !(Number.isNaN(value) && Number.isNaN(passed));
		if (any) return true;
		return (absolute ? change >= absolute : false) || (percent ? change >= (Math.abs(passed) * percent) / 100 : false);
	};
	return {
		row(time: Nanos, ms: number, value: number, quality: Quality, changed: boolean, out: RowSink) {
			if (!changed && !isLarge(value) && !(atLeastEvery !== undefined && ms - passedAt >= atLeastEvery)) {
				counts.filtered++;
				return;
			}
			passed = value;
			passedAt = ms;
			out.add(tag, time, value, quality);
		},
		flush() {},
	};
}
