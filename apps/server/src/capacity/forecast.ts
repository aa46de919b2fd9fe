import type { DiskForecast } from "@millwright/platform/api";

const dayMs = 86_400_000;
/** Two-sided 90 % of Student's t by degrees of freedom, 1 to 13; beyond it the normal value is near enough. Source: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. */
const t90 = [6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812, 1.796, 1.782, 1.771];

export interface Growth {
	/** Ms since 1970. */
	at: number;
	/** Of the whole data folder. */
	bytes: number;
}

/**
 * Days until a disk is full. Best known from what the data folder grew by from day to day, with everything that was forgotten and
 * compressed; else from what whole days of history cost; else from the hours since measuring began.
 */
export function forecast({
	free,
	growth,
	days,
}: {
	/** Bytes. */
	free: number;
	/** Looks at the data folder, oldest first. */
	growth: readonly Growth[];
	/** What each whole day of history takes, oldest first. */
	days: readonly { bytes: number }[];
}): DiskForecast {
	const increments = dailyIncrements(growth);
	if (increments.length >= 3)
		return from(
			free,
			increments.slice(-14),
			increments.length,
			"what the data folder grew by, day by day, kept and forgotten together",
		);
	const whole = days.slice(-14).map(({ bytes }) => bytes);
	if (whole.length >= 2)
		return from(free, whole, whole.length, `what the last ${whole.length} whole days of history take on the disk`);
	const [first, last] = [growth[0], growth.at(-1)];
	if (!first || !last || last.at - first.at < 3_600_000)
		return {
			bytesPerDay: 0,
			measuredDays: 0,
			how: "not known yet: it takes an hour of running to see how fast the data folder grows",
		};
	const span = (last.at - first.at) / dayMs;
	return {
		...from(free, [(last.bytes - first.bytes) / span], span, ""),
		how: `what the data folder grew by in ${span < 1 ? `${Math.round(span * 24)} h` : `${span.toFixed(1)} days`}; too short to say how sure that is`,
	};
}

function from(free: number, perDay: readonly number[], measuredDays: number, how: string): DiskForecast {
	const n = perDay.length;
	const mean = perDay.reduce((sum, each) => sum + each, 0) / n;
	const about = { bytesPerDay: Math.round(mean), measuredDays: round(measuredDays), how };
	const after = (bytesPerDay: number) => (bytesPerDay > 0 ? round(free / bytesPerDay) : undefined);
	const middle = after(mean);
	if (n < 3) return { ...about, ...(middle === undefined ? {} : { daysLeft: middle }) };
	const deviation = Math.sqrt(perDay.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (n - 1));
	const off = ((t90[n - 2] ?? 1.645) * deviation) / Math.sqrt(n);
	const [low, high] = [after(mean + off), after(mean - off)];
	return {
		...about,
		...(middle === undefined ? {} : { daysLeft: middle }),
		...(low === undefined ? {} : { daysLeftLow: low }),
		...(high === undefined ? {} : { daysLeftHigh: high }),
	};
}

const round = (days: number): number => Math.round(days * 10) / 10;

/** Bytes from one look to the one a day later; days without a look are shared out evenly. */
function dailyIncrements(growth: readonly Growth[]): number[] {
	const increments: number[] = [];
	let before = growth[0];
	for (const look of growth) {
		if (!before || look.at - before.at < dayMs * 0.98) continue;
		const days = Math.max(1, Math.round((look.at - before.at) / dayMs));
		for (let i = 0; i < Math.min(days, 14); i++) increments.push((look.bytes - before.bytes) / ((look.at - before.at) / dayMs));
		before = look;
	}
	return increments;
}
