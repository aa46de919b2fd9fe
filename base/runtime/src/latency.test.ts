import { expect, test } from "vitest";
import { createLatency } from "./latency.ts";

test("quantiles are within six percent and the maximum is exact", () => {
	const latency = createLatency({ nowMs: () => 0 });
	for (let ms = 1; ms <= 1000; ms++) latency.add(ms);
	expect(latency.quantile(0.5) / 500).toBeCloseTo(1, 1);
	expect(latency.quantile(0.99) / 990).toBeCloseTo(1, 1);
	expect(latency.max()).toBe(1000);
	expect(latency.count).toBe(1000);
});

test("what is older than the window is forgotten", () => {
	let now = 0;
	const latency = createLatency({ nowMs: () => now, windowMs: 60_000 });
	latency.add(900);
	now = 31_000;
	latency.add(1);
	expect(latency.max()).toBe(900);
	now = 62_000;
	expect(latency.max()).toBe(1);
	now = 200_000;
	expect(latency.count).toBe(0);
	expect(latency.quantile(0.99)).toBe(0);
});
