import { createMachine, type Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import { clamp, relax } from "./relax.ts";

export interface Meter extends Machine {
	/** bar in the compressed air. */
	air(): number;
	/** kW */
	power(): number;
}

/** The line's energy meter, which also watches its compressed air. The energy balance closes: it adds up what the machines draw. */
export function createMeter(about: { name: string; path: string; consumers: readonly (() => number)[]; random: Random }): Meter {
	let power = 0;
	let factor = 0.86;
	let voltage = 400;
	let energy = 18_000 + 40_000 * about.random.fork(`${about.name}/start`).uniform();
	let air = 6.7;
	let compressing = false;
	const machine = createMachine({
		...about,
		kind: "meter",
		parts: [],
		build(_part, random) {
			let sway = 0;
			return {
				step(seconds) {
					compressing = air < 6.3 ? true : air > 7.1 ? false : compressing;
					air = clamp(air + seconds * (compressing ? 0.011 : -0.0045), 0, 8);
					power = 1.9 + (compressing ? 3.7 : 0) + about.consumers.reduce((sum, each) => sum + each(), 0);
					sway = relax(sway, random.normal(), seconds, 20);
					voltage = 401 + 1.2 * sway - 0.06 * power;
					// Little load, much magnetising current.
					factor = clamp(0.55 + 0.36 * (1 - Math.exp(-power / 6)), 0, 0.98);
					energy += (power * seconds) / 3600;
				},
				signals: [
					{ name: "active-power", read: () => power, noise: 0.02, resolution: 0.01, range: [0, 120] },
					{ name: "power-factor", read: () => factor, noise: 0.002, resolution: 0.001, range: [0, 1] },
					{ name: "voltage", read: () => voltage, noise: 0.15, resolution: 0.1, range: [0, 500] },
					{
						name: "current",
						read: () => (power * 1000) / (Math.sqrt(3) * voltage * factor),
						noise: 0.03,
						resolution: 0.01,
						range: [0, 250],
					},
					{ name: "energy", read: () => energy, resolution: 0.1 },
					{ name: "air-pressure", read: () => air, noise: 0.01, resolution: 0.01, range: [0, 10] },
				],
			};
		},
	});
	return Object.assign(machine, { air: () => air, power: () => power });
}
