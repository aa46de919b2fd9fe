type Limits = Partial<Record<"highHigh" | "high" | "low" | "lowLow" | "deadband" | "onDelayMs", number | undefined>>;

const upwards = ["lowLow", "low", "high", "highHigh"] as const;

/** True when a lower limit does not lie below a higher one. */
export function limitsOutOfOrder(limits: Limits): boolean {
	const given = upwards.map((level) => limits[level]).filter((value): value is number => value !== undefined);
	return given.some((value, index) => index > 0 && value <= (given[index - 1] as number));
}

/** What is sent: only the limits that are given. */
export const changedLimits = (limits: Limits): Record<string, number> =>
	Object.fromEntries(Object.entries(limits).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
