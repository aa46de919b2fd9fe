import { expect, test } from "vitest";
import { createRandom } from "./random.ts";
import { createSensor } from "./sensor.ts";
import { createWearPart } from "./wear-part.ts";

const bearing = (seed = 1) =>
	createWearPart(
		{ name: "bearing", fault: "bearing-wear", meanLifeHours: 100, breaks: true, affects: ["vibration"] },
		createRandom(seed),
	);

test("a part wears out after its life at normal load, sooner under stress", () => {
	const part = bearing();
	part.renew();
	const life = part.lifeHours;
	part.use(life * 0.99);
	expect(part.failed).toBe(false);
	part.use(life * 0.02);
	expect(part.failed).toBe(true);
	part.renew();
	part.use(part.lifeHours / 2.9, 3);
	expect(part.failed).toBe(true);
});

test("the effect only ever rises with wear", () => {
	const part = bearing();
	part.renew();
	let before = part.effect;
	for (let i = 0; i < 300; i++) {
		part.use(1);
		expect(part.effect).toBeGreaterThanOrEqual(before);
		before = part.effect;
	}
	expect(before).toBeCloseTo(1, 9);
});

test("a part made worse from outside reaches the ordered effect in the ordered time and stays there", () => {
	const part = bearing();
	part.accelerate(0.5, 2);
	for (let i = 0; i < 120; i++) part.use(1 / 60);
	expect(part.effect).toBeGreaterThan(0.49);
	expect(part.effect).toBeLessThan(0.56);
	expect(part.failed).toBe(false);
});

test("lives differ, and average to what was asked for", () => {
	const random = createRandom(3);
	let sum = 0;
	for (let i = 0; i < 4000; i++) sum += random.life(100, 2.5);
	expect(sum / 4000).toBeGreaterThan(92);
	expect(sum / 4000).toBeLessThan(108);
});

test("equal seeds give equal numbers, other names give others", () => {
	const draw = (seed: number, name: string) =>
		Array.from(
			{ length: 5 },
			(
				(random) => () =>
					random.normal()
			)(createRandom(seed).fork(name)),
		);
	expect(draw(9, "a")).toEqual(draw(9, "a"));
	expect(draw(9, "a")).not.toEqual(draw(9, "b"));
	expect(draw(9, "a")).not.toEqual(draw(8, "a"));
});

const sensor = () =>
	createSensor({ name: "t", read: () => 87.33333, noise: 0.05, resolution: 0.1, range: [0, 150] }, createRandom(5));

test("a sensor speaks in steps of its converter", () => {
	const probe = sensor();
	for (let i = 0; i < 200; i++) {
		probe.sample(0.1);
		expect(Math.abs(probe.value * 10 - Math.round(probe.value * 10))).toBeLessThan(1e-9);
		expect(Math.abs(probe.value - 87.33)).toBeLessThan(0.4);
	}
});

test("a stuck sensor repeats itself, a drifting one walks away, a spiking one jumps within its range", () => {
	const stuck = sensor();
	stuck.sample(1);
	const last = stuck.value;
	stuck.break("stuck-sensor", 1, 0);
	for (let i = 0; i < 50; i++) stuck.sample(1);
	expect(stuck.value).toBe(last);
	stuck.mend();
	const seen = new Set<number>();
	for (let i = 0; i < 50; i++) {
		stuck.sample(1);
		seen.add(stuck.value);
	}
	expect(seen.size).toBeGreaterThan(1);

	const drifting = sensor();
	drifting.break("drift", 1, 1);
	for (let i = 0; i < 3600; i++) drifting.sample(1);
	expect(drifting.value - drifting.truth).toBeCloseTo(30, -0.5);

	const spiking = sensor();
	spiking.break("spike", 1, 0);
	let jumps = 0;
	for (let i = 0; i < 3000; i++) {
		spiking.sample(0.1);
		expect(spiking.value).toBeGreaterThanOrEqual(0);
		expect(spiking.value).toBeLessThanOrEqual(150);
		if (Math.abs(spiking.value - spiking.truth) > 10) jumps++;
	}
	expect(jumps).toBeGreaterThan(20);
	expect(jumps).toBeLessThan(100);
});
