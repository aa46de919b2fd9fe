import { expect, test } from "vitest";
import { changedLimits, limitsOutOfOrder } from "./limits-order.ts";

test("limits must rise from critical low to critical high, whichever are given", () => {
	expect(limitsOutOfOrder({ lowLow: 1, low: 2, high: 3, highHigh: 4 })).toBe(false);
	expect(limitsOutOfOrder({ lowLow: 1, highHigh: 4 })).toBe(false);
	expect(limitsOutOfOrder({ low: 3, high: 3 })).toBe(true);
	expect(limitsOutOfOrder({ high: 5, highHigh: 4 })).toBe(true);
	expect(limitsOutOfOrder({ deadband: 9, high: 1 })).toBe(false);
});

test("a limit taken away is not sent", () => {
	expect(changedLimits({ high: 5, low: undefined, deadband: 0 })).toEqual({ high: 5, deadband: 0 });
});
