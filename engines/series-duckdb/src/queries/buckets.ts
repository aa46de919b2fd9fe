import type { AggregateName, Nanos } from "@millwright/core";
import { type DayRows, dayNs, dayOf } from "../parquet/rows.ts";
import type { BucketsAnswer } from "../protocol.ts";

export const overTime: ReadonlySet<AggregateName> = new Set(["timeWeightedMean", "goodDuration"]);

/** Steps over days without rows, so that differences stay whole numbers a double holds. */
const longestStep = 64n * dayNs;
/** Buckets up to this length are found by arithmetic in doubles. */
const shortBucket = 2 ** 50;

/**
 * Fills the buckets of one tag from its rows in time order. Times are ns since midnight of the day being read, so that
 * all arithmetic is exact in doubles; borders move along when a day ends. A good value holds until the next sample, the
 * end of the range or now, whichever comes first.
 */
export function createBuckets({
	tag,
	from,
	until,
	bucket,
	holdUntil,
	functions,
	carried,
}: {
	tag: number;
	from: Nanos;
	until: Nanos;
	bucket: Nanos;
	holdUntil: Nanos;
	functions: readonly AggregateName[];
	/** The last sample before the range. */
	carried: { value: number; quality: number } | undefined;
}) {
	const holds = functions.some((name) => overTime.has(name));
	const spreads = functions.includes("stddev");
	const length = Number(bucket);
	const starts: bigint[] = [];
	const columns = functions.map((): number[] => []);
	const holdEnd = holdUntil < until ? holdUntil : until;

	let day = dayOf(from);
	/** Up to where holding has been counted. */
	let at = Number(from - day);
	let heldGood = carried !== undefined && carried.quality < 0x40;
	let heldValue = carried?.value ?? Number.NaN;
	// The bucket at hand; none at first.
	let lower = 0;
	let upper = Number.NEGATIVE_INFINITY;
	let start = 0n;
	let phase = phaseOf(day);

	let count = 0;
	let countGood = 0;
	let numbers = 0;
	let sum = 0;
	let mean = 0;
	let squares = 0;
	let min = Number.POSITIVE_INFINITY;
	let max = Number.NEGATIVE_INFINITY;
	let first = Number.NaN;
	let last = Number.NaN;
	let weighted = 0;
	let numberTime = 0;
	let goodTime = 0;

	function phaseOf(midnight: bigint): number {
		return Number(((midnight % bucket) + bucket) % bucket);
	}

	const valueFor = (name: AggregateName): number => {
		switch (name) {
			case "count":
				return count;
			case "countGood":
				return countGood;
			case "mean":
				return numbers > 0 ? sum / numbers : Number.NaN;
			case "sum":
				return numbers > 0 ? sum : Number.NaN;
			case "min":
				return numbers > 0 ? min : Number.NaN;
			case "max":
				return numbers > 0 ? max : Number.NaN;
			case "first":
				return first;
			case "last":
				return last;
			case "stddev":
				return numbers > 1 ? Math.sqrt(squares / (numbers - 1)) : Number.NaN;
			case "timeWeightedMean":
				return numberTime > 0 ? weighted / numberTime : Number.NaN;
			case "goodDuration":
				return goodTime;
		}
	};

	const close = () => {
		if (count > 0 || goodTime > 0) {
			starts.push(start);
			for (const [i, name] of functions.entries()) columns[i]?.push(valueFor(name));
		}
		count = countGood = numbers = sum = mean = squares = weighted = numberTime = goodTime = 0;
		min = Number.POSITIVE_INFINITY;
		max = Number.NEGATIVE_INFINITY;
		first = last = Number.NaN;
	};

	const moveTo = (offset: number) => {
		close();
		if (length < shortBucket) {
			let number = Math.floor((offset + phase) / length);
			if (number * length > offset + phase) number--;
			else if ((number + 1) * length <= offset + phase) number++;
			lower = number * length - phase;
			upper = lower + length;
			start = day + BigInt(lower);
		} else {
			const time = day + BigInt(offset);
			start = time - (((time % bucket) + bucket) % bucket);
			lower = Number(start - day);
			upper = Number(start + bucket - day);
		}
	};

	/** Counts the held value up to a time of this day. */
	const hold = (offset: number) => {
		const end = Math.min(offset, Number(holdEnd - day));
		if (heldGood) {
			const isNumber = Number.isFinite(heldValue);
			while (at < end) {
				if (at >= upper || at < lower) moveTo(at);
				const held = Math.min(end, upper) - at;
				goodTime += held;
				if (isNumber) {
					numberTime += held;
					weighted += heldValue * held;
				}
				at += held;
			}
		}
		if (offset > at) at = offset;
	};

	/**
	 * Rows from `begin` on that lie in the bucket at hand; the place of the first that does not. In locals: what closures
	 * share costs a heap number a row.
	 */
	const addWithin = (offsets: Float64Array, values: Float64Array, quality: Uint8Array, begin: number): number => {
		const total = offsets.length;
		const border = upper;
		// Beyond it nothing is held, which the careful way sees to, a row at a time.
		const limit = holds ? Math.min(border, Number(holdEnd - day)) : border;
		let found = numbers;
		let good = countGood;
		let added = sum;
		let average = mean;
		let deviation = squares;
		let least = min;
		let greatest = max;
		let newest = last;
		let held = heldValue;
		let isHeld = heldGood;
		let heldAt = at;
		let goodNs = goodTime;
		let numberNs = numberTime;
		// Sums go on where they were: another order of adding would give another last digit.
		let area = weighted;
		let i = begin;
		for (; i < total; i++) {
			const offset = offsets[i] as number;
			if (i > begin) {
				if (offset >= limit) break;
				if (holds) {
					const ns = offset - heldAt;
					heldAt = offset;
					if (isHeld) {
						goodNs += ns;
						if (held - held === 0) {
							numberNs += ns;
							area += held * ns;
						}
					}
				}
			}
			const value = values[i] as number;
			held = value;
			isHeld = (quality[i] as number) < 0x40;
			if (!isHeld) continue;
			good++;
			// Neither NaN nor infinite.
			if (value - value !== 0) continue;
			found++;
			added += value;
			if (value < least) least = value;
			if (value > greatest) greatest = value;
			if (found === 1) first = value;
			newest = value;
			if (spreads) {
				const before = value - average;
				average += before / found;
				deviation += before * (value - average);
			}
		}
		count += i - begin;
		numbers = found;
		countGood = good;
		sum = added;
		mean = average;
		squares = deviation;
		min = least;
		max = greatest;
		last = newest;
		heldValue = held;
		heldGood = isHeld;
		if (holds) {
			at = heldAt;
			goodTime = goodNs;
			numberTime = numberNs;
			weighted = area;
		}
		return i;
	};

	const goToDay = (to: bigint) => {
		while (day < to) {
			const step = to - day > longestStep ? longestStep : to - day;
			const moved = Number(step);
			if (holds) hold(moved);
			day += step;
			at -= moved;
			// From whole numbers again: what lies beyond 2^53 ns is far away and only compared.
			if (Number.isFinite(upper)) {
				lower = Number(start - day);
				upper = Number(start + bucket - day);
			}
			phase = phaseOf(day);
		}
	};

	return {
		add({ day: of, offsets, values, quality }: DayRows): void {
			goToDay(of);
			const total = offsets.length;
			for (let i = 0; i < total; ) {
				const begun = offsets[i] as number;
				if (holds) hold(begun);
				if (begun >= upper || begun < lower) moveTo(begun);
				i = addWithin(offsets, values, quality, i);
			}
		},
		take(): BucketsAnswer {
			if (holds) {
				if (dayOf(until) > day) goToDay(dayOf(until));
				hold(Number(until - day));
			}
			close();
			return {
				tag,
				starts: BigInt64Array.from(starts),
				columns: Object.fromEntries(functions.map((name, i) => [name, Float64Array.from(columns[i] ?? [])])),
			};
		},
	};
}
