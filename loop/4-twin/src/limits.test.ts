import { Quality } from "@millwright/core";
import { memoryTagDirectory } from "@millwright/runtime";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type LimitEvent, TwinSettings } from "./api.ts";
import { createLimitWatch } from "./limits.ts";
import { buildPlant } from "./model.ts";

function oven(limits: Record<string, number>) {
	const settings = TwinSettings.parse({
		templates: { oven: { tags: { temperature: { unit: "Cel", limits } } } },
		assets: { "site/oven-7": { template: "oven" } },
	});
	const tag = buildPlant(settings, memoryTagDirectory()).byId[1];
	if (!tag) throw new Error("no tag");
	const told: string[] = [];
	const events: LimitEvent[] = [];
	let ids = 0;
	const watch = createLimitWatch({
		newId: () => `lim_${++ids}`,
		raised: (event) => {
			told.push(`+${event.level}`);
			events.push(event);
		},
		cleared: (event) => {
			told.push(`-${event.level}`);
			events.push(event);
		},
	});
	return {
		told,
		events,
		watch,
		see: (value: number, seconds: number, quality: number = Quality.good) =>
			watch.compare(tag, value, quality, BigInt(seconds) * 1_000_000_000n),
	};
}

test("a limit is raised beyond it and cleared only past its deadband", () => {
	const { see, told, events } = oven({ high: 190, deadband: 2 });
	see(190, 1);
	see(190.1, 2);
	see(188.5, 3);
	see(191, 4);
	see(187.9, 5);
	expect(told).toEqual(["+high", "-high"]);
	expect(events[1]).toMatchObject({
		value: 190.1,
		worst: 191,
		raisedAt: 2000,
		clearedAt: 5000,
		severity: "high",
		limit: 190,
		unit: "Cel",
	});
});

test("the farther limit takes over and gives back", () => {
	const { see, told } = oven({ high: 190, highHigh: 200, low: 100, lowLow: 50, deadband: 1 });
	see(195, 1);
	see(205, 2);
	see(199.5, 3);
	see(198, 4);
	see(120, 5);
	see(40, 6);
	see(150, 7);
	expect(told).toEqual(["+high", "-high", "+highHigh", "-highHigh", "+high", "-high", "+lowLow", "-lowLow"]);
});

test("a short excursion within the delay is not told, a lasting one is, from when it began", () => {
	const { see, told, events } = oven({ high: 190, onDelayMs: 5000 });
	see(195, 1);
	see(180, 3);
	see(195, 10);
	see(196, 14);
	expect(told).toEqual([]);
	see(195, 15);
	expect(told).toEqual(["+high"]);
	expect(events[0]?.raisedAt).toBe(10_000);
});

test("a value that is not good judges nothing, and what was raised stays until a good one is back", () => {
	const { see, told } = oven({ high: 190 });
	see(300, 1, Quality.badSensorFault);
	see(300, 2, Quality.uncertainRange);
	expect(told).toEqual([]);
	see(195, 3);
	see(100, 4, Quality.badNotConnected);
	expect(told).toEqual(["+high"]);
	see(100, 5);
	expect(told).toEqual(["+high", "-high"]);
});

test("whatever the values, raised and cleared alternate and at most one limit of a tag is active", () => {
	fc.assert(
		fc.property(
			fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 }),
			fc.integer({ min: 0, max: 9 }),
			(values, deadband) => {
				const { see, told, watch } = oven({ lowLow: 50, low: 100, high: 190, highHigh: 200, deadband });
				for (const [at, value] of values.entries()) see(value, at);
				expect(told.map((what) => what[0])).toEqual(told.map((_what, at) => (at % 2 === 0 ? "+" : "-")));
				expect(watch.allActive().length).toBe(told.length % 2);
			},
		),
	);
});
