/** Columns of a line: ms, value or null, quality code. */
export interface Line {
	times: number[];
	values: (number | null)[];
	quality: number[];
}

export const emptyLine = (): Line => ({ times: [], values: [], quality: [] });

/** Keeps a page that is open for weeks in constant memory. */
const mostKept = 20_000;

/** What arrived since the history was asked; goes behind it until the next answer covers it. */
export class Tail {
	readonly line: Line = emptyLine();

	/** Late and repeated values are left to the history: a tail only grows forwards. */
	add(at: number, value: number | string | null, quality: number): void {
		const { times, values, quality: trust } = this.line;
		const last = times.at(-1);
		if (last !== undefined && at <= last) return;
		times.push(at);
		values.push(typeof value === "number" && quality < 0x80 ? value : null);
		trust.push(quality);
		if (times.length > mostKept) this.#cut(mostKept / 2);
	}

	/** Forgets what the history has by now. */
	coverUntil(ms: number): void {
		const { times } = this.line;
		let count = 0;
		while (count < times.length && (times[count] as number) <= ms) count++;
		if (count > 0) this.#cut(count);
	}

	#cut(count: number): void {
		this.line.times.splice(0, count);
		this.line.values.splice(0, count);
		this.line.quality.splice(0, count);
	}
}

/** The history's line with the tail behind it. */
export function joined(line: Line, tail: Line): Line {
	const last = line.times.at(-1) ?? Number.NEGATIVE_INFINITY;
	let from = 0;
	while (from < tail.times.length && (tail.times[from] as number) <= last) from++;
	if (from >= tail.times.length) return line;
	return {
		times: line.times.concat(tail.times.slice(from)),
		values: line.values.concat(tail.values.slice(from)),
		quality: line.quality.concat(tail.quality.slice(from)),
	};
}

/** Stretches of bad or missing values, ms, so that they can be hatched; the last one may reach to `until`. */
export function badStretches({ times, values, quality }: Line, until: number): [number, number][] {
	const stretches: [number, number][] = [];
	let start: number | undefined;
	for (let i = 0; i < times.length; i++) {
		const bad = (quality[i] as number) >= 0x80 || values[i] === null;
		if (bad && start === undefined) start = times[i] as number;
		if (!bad && start !== undefined) {
			stretches.push([start, times[i] as number]);
			start = undefined;
		}
	}
	if (start !== undefined && until > start) stretches.push([start, until]);
	return stretches;
}

/** Least and greatest good value within the window; undefined where there is none. */
export function extremesOf({ times, values }: Line, from: number, until: number): [number, number] | undefined {
	let low = Number.POSITIVE_INFINITY;
	let high = Number.NEGATIVE_INFINITY;
	for (let i = 0; i < times.length; i++) {
		const value = values[i];
		if (typeof value !== "number" || (times[i] as number) < from || (times[i] as number) > until) continue;
		if (value < low) low = value;
		if (value > high) high = value;
	}
	return low <= high ? [low, high] : undefined;
}
