import { expect, test } from "vitest";
import { FrameMeter } from "./frame-meter.ts";

test("quantiles are taken over the frames asked for", () => {
	const meter = new FrameMeter();
	for (let i = 1; i <= 100; i++) meter.add(i, i);
	expect(meter.quantile(0.5)).toBe(50);
	expect(meter.quantile(0.99)).toBe(99);
	expect(meter.quantile(1, 0)).toBe(100);
	expect(meter.quantile(0.5, 91)).toBe(95);
});

test("without frames there is no figure, and old frames give way to new ones", () => {
	const meter = new FrameMeter();
	expect(meter.quantile(0.5)).toBeNaN();
	meter.add(1_000_000, 0);
	for (let i = 0; i < 8192; i++) meter.add(5, 1);
	expect(meter.quantile(1)).toBe(5);
	expect(meter.frames).toBe(8193);
});
