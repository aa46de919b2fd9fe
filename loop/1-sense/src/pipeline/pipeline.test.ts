import { Quality, type Value } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Pipeline, type TagKind } from "../api.ts";
import { createPipeline } from "./pipeline.ts";

interface Row {
	tag: number;
	ms: number;
	value: Value;
	quality: Quality;
}

function run(settings: unknown, { kind = "number", unit = "1" }: { kind?: TagKind; unit?: string } = {}) {
	const rows: Row[] = [];
	const out = {
		add(tag: number, time: bigint, value: Value, quality: Quality) {
			rows.push({ tag, ms: Number(time / 1000n) / 1000, value, quality });
		},
	};
	const pipeline = createPipeline({
		settings: Pipeline.parse(settings),
		kind,
		unit,
		tags: { id: 1, summary: { mean: 1, min: 2, max: 3, stddev: 4, count: 5 } },
	});
	return {
		rows,
		pipeline,
		give(ms: number, value: Value, quality: Quality = Quality.good) {
			pipeline.take(BigInt(Math.round(ms * 1000)) * 1000n, ms, value, quality, out);
		},
		mark: (ms: number, quality: Quality) => pipeline.mark(BigInt(Math.round(ms * 1000)) * 1000n, ms, quality, out),
		flush: (ms: number, end = false) => pipeline.flush(ms, out, end),
	};
}

test("scale, offset, unit and rounding give the example of the sources", () => {
	const { rows, give, pipeline } = run({ scale: 0.155, round: 2 }, { unit: "Cel" });
	give(0, 563);
	expect(rows[0]?.value).toBe(87.27);
	expect(pipeline.inverse(87.265)).toBe(563);
	const fahrenheit = run({ scale: 0.1, offset: -40, fromUnit: "[degF]", round: 3 }, { unit: "Cel" });
	fahrenheit.give(0, 1080);
	expect(fahrenheit.rows[0]?.value).toBe(20);
	expect(fahrenheit.pipeline.inverse(20)).toBe(1080);
});

test("writing back undoes what reading does", () => {
	fc.assert(
		fc.property(
			fc.integer({ min: -32768, max: 32767 }),
			fc.constantFrom(0.1, 0.01, 2.5, -1, 1 / 3),
			fc.integer({ min: -500, max: 500 }),
			(raw, scale, offset) => {
				const { pipeline } = run({ scale, offset });
				expect(pipeline.inverse(pipeline.show(raw) as number)).toBeCloseTo(raw, 5);
			},
		),
	);
});

test("a value out of range is kept uncertain, called bad or dropped, as configured", () => {
	for (const [outside, quality] of [
		["uncertain", Quality.uncertainRange],
		["bad", Quality.badOutOfRange],
	] as const) {
		const { rows, give } = run({ range: { min: 0, max: 150, outside } });
		give(0, 150);
		give(1, 151);
		expect(rows.map((row) => row.quality)).toEqual([Quality.good, quality]);
	}
	const { rows, give, pipeline } = run({ range: { max: 150, outside: "drop" } });
	give(0, 151);
	expect(rows).toEqual([]);
	expect(pipeline.counts).toMatchObject({ read: 1, rejected: 1 });
});

test("a jump faster than the quantity can is marked, and the value before stays the measure", () => {
	const { rows, give } = run({ rate: { perSecond: 10 } });
	for (const [ms, value] of [
		[0, 10],
		[1000, 100],
		[2000, 12],
		[3000, 20],
	] as const)
		give(ms, value);
	expect(rows.map((row) => row.quality)).toEqual([Quality.good, Quality.uncertainRate, Quality.good, Quality.good]);
});

test("a value that does not move is stuck, and free again when it does", () => {
	const { rows, give } = run({ stuckAfter: "10s" });
	for (const [ms, value] of [
		[0, 5],
		[9999, 5],
		[10_000, 5],
		[11_000, 6],
	] as const)
		give(ms, value);
	expect(rows.map((row) => row.quality)).toEqual([Quality.good, Quality.good, Quality.badStuck, Quality.good]);
});

test("a value of the wrong type is said once, then only counted", () => {
	const { rows, give, pipeline } = run({});
	give(0, "n/a");
	give(1, "n/a");
	give(2, 7);
	expect(rows.map(({ value, quality }) => [value, quality])).toEqual([
		[Number.NaN, Quality.badType],
		[7, Quality.good],
	]);
	expect(pipeline.counts).toMatchObject({ read: 3, rejected: 1 });
});

test("a 64-bit counter keeps every digit, and texts stay texts", () => {
	const counter = run({}, { kind: "integer" });
	counter.give(0, 18446744073709551615n);
	counter.give(1, 5n);
	expect(counter.rows.map((row) => row.value)).toEqual(["18446744073709551615", 5]);
	const text = run({ pass: { by: "deadband" } }, { kind: "text" });
	for (const [ms, value] of [
		[0, "idle"],
		[1, "idle"],
		[2, "007"],
	] as const)
		text.give(ms, value);
	expect(text.rows.map((row) => row.value)).toEqual(["idle", "007"]);
});

test("quality changes always pass, whatever is filtered", () => {
	const passes = [
		{ by: "sample", every: "1h" },
		{ by: "deadband", absolute: 1000 },
		{ by: "swinging-door", deviation: 1000 },
		{ by: "summary", window: "1h" },
	];
	for (const pass of passes) {
		const { rows, give, mark } = run({ pass });
		give(1000, 1);
		give(2000, 1);
		mark(3000, Quality.badNotConnected);
		give(4000, 1);
		expect(
			rows
				.filter((row) => row.tag === 1)
				.map((row) => row.quality)
				.filter((quality, i, all) => quality !== all[i - 1]),
			pass.by,
		).toEqual([Quality.good, Quality.badNotConnected, Quality.good]);
	}
});

const walk = fc
	.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.double({ min: -100, max: 100, noNaN: true })), {
		minLength: 1,
		maxLength: 120,
	})
	.map((steps) => {
		let ms = 1000;
		return steps.map(([wait, value]) => {
			ms += wait;
			return { ms, value };
		});
	});

test("the deadband never hides a change larger than itself, and says something as often as asked", () => {
	fc.assert(
		fc.property(
			walk,
			fc.double({ min: 0, max: 50, noNaN: true }),
			fc.option(fc.integer({ min: 1000, max: 20_000 })),
			(points, absolute, atLeastEvery) => {
				const { rows, give, pipeline } = run({
					pass: { by: "deadband", absolute, ...(atLeastEvery === null ? {} : { atLeastEvery }) },
				});
				for (const { ms, value } of points) {
					give(ms, value);
					const last = rows.at(-1) as Row;
					if (absolute > 0) expect(Math.abs(value - (last.value as number))).toBeLessThan(absolute);
					else expect(last.value === value || (last.value === 0 && value === 0)).toBe(true);
					if (atLeastEvery !== null) expect(ms - last.ms).toBeLessThan(atLeastEvery);
				}
				expect(pipeline.counts.filtered + rows.length).toBe(points.length);
			},
		),
	);
});

test("lines drawn through what the swinging door passes miss no value by more than the deviation", () => {
	fc.assert(
		fc.property(walk, fc.double({ min: 0.01, max: 60, noNaN: true }), (points, deviation) => {
			const { rows, give, flush, pipeline } = run({ pass: { by: "swinging-door", deviation } });
			for (const { ms, value } of points) give(ms, value);
			flush(0, true);
			expect(pipeline.counts.filtered + rows.length).toBe(points.length);
			for (const { ms, value } of points) {
				const after = rows.findIndex((row) => row.ms >= ms);
				const [a, b] = [rows[Math.max(0, after - 1)] as Row, rows[after] as Row];
				const drawn =
					b.ms === ms
						? (b.value as number)
						: (a.value as number) + (((b.value as number) - (a.value as number)) * (ms - a.ms)) / (b.ms - a.ms);
				expect(Math.abs(drawn - value)).toBeLessThanOrEqual(deviation * (1 + 1e-9) + 1e-9);
			}
		}),
	);
});

test("a summary is the plain statistics of its window", () => {
	fc.assert(
		fc.property(walk, fc.integer({ min: 2000, max: 20_000 }), (points, window) => {
			const { rows, give, flush } = run({ pass: { by: "summary", window } });
			for (const { ms, value } of points) give(ms, value);
			flush(0, true);
			const windows = Map.groupBy(points, ({ ms }) => (Math.floor(ms / window) + 1) * window);
			const counted = rows.filter((row) => row.tag === 5);
			expect(counted.map((row) => [row.ms, row.value])).toEqual([...windows].map(([end, inside]) => [end, inside.length]));
			for (const [end, inside] of windows) {
				const values = inside.map(({ value }) => value);
				const of = (tag: number) => rows.find((row) => row.tag === tag && row.ms === end && row !== rows[0])?.value as number;
				const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
				const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
				expect(of(1)).toBeCloseTo(mean, 8);
				expect(of(2)).toBe(Math.min(...values));
				expect(of(3)).toBe(Math.max(...values));
				expect(of(4)).toBeCloseTo(spread, 6);
			}
		}),
	);
});

test("a window closes by itself once its time and a little grace are over", () => {
	const { rows, give, flush } = run({ pass: { by: "summary", window: "10s" } });
	give(1000, 4);
	give(2000, 6);
	flush(2000);
	flush(11_999);
	expect(rows.length).toBe(1);
	flush(12_000);
	expect(rows.slice(1).map((row) => row.value)).toEqual([5, 4, 6, Math.SQRT2, 2]);
	give(9000, 1000);
	flush(30_000);
	expect(rows.length).toBe(6);
});

test("a source whose clock is an hour behind has its windows closed by its own clock", () => {
	const { rows, give, flush } = run({ pass: { by: "summary", window: "10s" } });
	const hour = 3_600_000;
	for (let second = 0; second < 40; second++) {
		give(second * 1000, second);
		flush(hour + second * 1000 + 20);
	}
	expect(rows.filter((row) => row.tag === 5).map((row) => row.value)).toEqual([10, 10, 10]);
});
