import { createMachine, type Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import { clamp, relax } from "./relax.ts";

/** A clean room of class ISO 7: its fan filter units hold the pressure and wash the particles out; chilled water holds the temperature. */
export function createCleanRoom(about: {
	name: string;
	path: string;
	chilledFlow(): number;
	hours(): number;
	random: Random;
}): Machine {
	let people = 3;
	let fine = 28_000;
	let coarse = 260;
	let pressure = 16;
	let filterPressure = 110;
	let temperature = 21;
	let humidity = 44;
	return createMachine({
		...about,
		kind: "room",
		parts: [
			{
				name: "hepa-filter",
				fault: "fouling",
				meanLifeHours: 4000,
				onset: 0.3,
				breaks: false,
				affects: ["differential-pressure", "filter-pressure-drop", "particles-fine"],
			},
		],
		build(part, random) {
			const filter = part("hepa-filter");
			return {
				step(seconds) {
					// Between two and six people, changing over some hours of a shift.
					const shift = 4 + 2 * Math.sin((about.hours() / 8) * 2 * Math.PI);
					people = relax(people, Math.max(0, shift + random.normal()), seconds, 600);
					const air = 1 - 0.55 * filter.effect;
					fine = relax(fine, (4000 + 7600 * people) / air ** 1.6, seconds, 420 / air);
					coarse = relax(coarse, (30 + 74 * people) / air ** 1.6, seconds, 300 / air);
					pressure = relax(pressure, 16.5 * air ** 1.5 - 0.25 * people + 0.4 * random.normal(), seconds, 8);
					filterPressure = relax(filterPressure, 108 + 190 * filter.effect, seconds, 30);
					const cooling = clamp(about.chilledFlow() / 38, 0, 1.2);
					temperature = relax(temperature, 24.2 + 0.22 * people - 4.1 * cooling * air, seconds, 1500);
					humidity = relax(humidity, 39 + 1.1 * people + 7 * (1 - cooling), seconds, 1200);
					filter.use(seconds / 3600);
				},
				signals: [
					{ name: "particles-fine", read: () => fine, noise: 450, resolution: 10, range: [0, 10_000_000] },
					{ name: "particles-coarse", read: () => coarse, noise: 11, resolution: 1, range: [0, 100_000] },
					{ name: "differential-pressure", read: () => pressure, noise: 0.15, resolution: 0.1, range: [-50, 100] },
					{ name: "filter-pressure-drop", read: () => filterPressure, noise: 0.8, resolution: 1, range: [0, 500] },
					{ name: "temperature", read: () => temperature, noise: 0.02, resolution: 0.01, range: [0, 50] },
					{ name: "humidity", read: () => humidity, noise: 0.1, resolution: 0.1, range: [0, 100] },
				],
			};
		},
	});
}
