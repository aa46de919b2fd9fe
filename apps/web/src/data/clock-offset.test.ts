import { expect, test } from "vitest";
import { ClockOffset } from "./clock-offset.ts";

test("clocks count as equal while messages allow it, however slow the first answer was", () => {
	const offset = new ClockOffset();
	offset.answered(1_080, 1_000);
	offset.heard(1_080, 1_090);
	expect(offset.ms).toBe(0);
});

test("a message from the future proves the server's clock to be ahead", () => {
	const offset = new ClockOffset();
	offset.heard(5_000, 1_000);
	offset.heard(5_100, 1_110);
	expect(offset.ms).toBe(4_000);
});

test("an answer from before the question proves the server's clock to be behind", () => {
	const offset = new ClockOffset();
	offset.answered(1_000, 5_000);
	expect(offset.ms).toBe(-3_999);
	offset.reset();
	expect(offset.ms).toBe(0);
});
