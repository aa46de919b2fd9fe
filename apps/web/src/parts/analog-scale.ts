/** What the analog bar needs of a tag. */
export interface Scaled {
	range?: readonly [number, number] | undefined;
	normal?: readonly [number, number] | undefined;
	limits?:
		| { highHigh?: number | undefined; high?: number | undefined; low?: number | undefined; lowLow?: number | undefined }
		| undefined;
}

export interface AnalogScale {
	from: number;
	to: number;
}

/** The ends of the bar: the tag's range, else as wide as its limits and normal band ask for; undefined without either. */
export function scaleOf({ range, normal, limits }: Scaled): AnalogScale | undefined {
	if (range && range[1] > range[0]) return { from: range[0], to: range[1] };
	const marks = [...(normal ?? []), limits?.lowLow, limits?.low, limits?.high, limits?.highHigh].filter(
		(mark): mark is number => typeof mark === "number" && Number.isFinite(mark),
	);
	if (marks.length < 2) return undefined;
	const low = Math.min(...marks);
	const high = Math.max(...marks);
	if (low === high) return undefined;
	const margin = (high - low) * 0.25;
	return { from: low >= 0 && low - margin < 0 ? 0 : low - margin, to: high + margin };
}

/** Where a value stands on the bar, 0 to 1, held at the ends. */
export const placeOn = ({ from, to }: AnalogScale, value: number): number =>
	Math.max(0, Math.min(1, (value - from) / (to - from)));
