type Columns = Record<string, (number | null)[]>;

const numbers = (column: (number | null)[] | undefined): number[] =>
	(column ?? []).filter((value): value is number => value !== null);
const total = (column: (number | null)[] | undefined): number => numbers(column).reduce((sum, value) => sum + value, 0);

/** Several buckets as one: extremes of extremes, the mean from sums and counts of good samples. */
export function combined(columns: Columns): {
	min: number | undefined;
	max: number | undefined;
	mean: number | undefined;
	count: number;
	good: number;
} {
	const lows = numbers(columns.min);
	const highs = numbers(columns.max);
	const good = total(columns.countGood);
	return {
		min: lows.length > 0 ? Math.min(...lows) : undefined,
		max: highs.length > 0 ? Math.max(...highs) : undefined,
		mean: good > 0 && numbers(columns.sum).length > 0 ? total(columns.sum) / good : undefined,
		count: total(columns.count),
		good,
	};
}
