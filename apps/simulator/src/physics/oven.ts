import { createMachine, type Machine, packMl } from "./machine.ts";
import type { Random } from "./random.ts";
import { clamp, relax } from "./relax.ts";

const zones = 3;
/** kJ/K of a zone's steel and air; kW of its heater; kW/K to the room and to the next zone. */
const capacity = 180;
const heater = 18;
const loss = 0.045;
const exchange = 0.03;

export interface Oven extends Machine {
	readonly state: {
		readonly temperature: readonly number[];
		readonly setPoint: readonly number[];
		readonly power: readonly number[];
	};
}

/** A tunnel oven of three zones, each with its heater and controller, joined by the air that moves along. */
export function createOven(about: { name: string; path: string; ambient(): number; random: Random }): Oven {
	const temperature = [139.6, 164.8, 150.1];
	const setPoint = [140, 165, 150];
	const power = [5.5, 7, 6];
	const machine = createMachine({
		...about,
		kind: "oven",
		parts: [
			{
				name: "heater",
				fault: "heater-wear",
				meanLifeHours: 5000,
				onset: 0.5,
				breaks: true,
				affects: ["zone-2-temperature", "heater-power"],
			},
			{
				name: "exhaust-filter",
				fault: "fouling",
				meanLifeHours: 900,
				onset: 0.3,
				breaks: false,
				affects: ["humidity", "fan-current"],
			},
		],
		build(part, random) {
			const weak = part("heater");
			const filter = part("exhaust-filter");
			const integral = [0.3, 0.38, 0.33];
			let humidity = 11;
			let fan = 6;
			let product = 0;
			return {
				step(seconds) {
					// Trays come in groups: the load of cold product swings slowly.
					product = relax(product, random.normal(), seconds, 240);
					const cold = Math.max(0, 1 + 0.35 * product);
					for (let zone = 0; zone < zones; zone++) {
						const now = temperature[zone] as number;
						const error = (setPoint[zone] as number) - now;
						if (Math.abs(error) < 8) integral[zone] = clamp((integral[zone] as number) + (error * seconds) / 900, 0, 1);
						const limit = zone === 1 ? (weak.failed ? 0 : 1 - 0.72 * weak.effect) : 1;
						power[zone] = heater * Math.min(limit, clamp(0.12 * error + (integral[zone] as number), 0, 1));
						const neighbours =
							(zone > 0 ? (temperature[zone - 1] as number) - now : 0) +
							(zone < zones - 1 ? (temperature[zone + 1] as number) - now : 0);
						// The first zone takes most of the heat of the cold product.
						const taken = cold * (zone === 0 ? 0.011 : 0.004) * (now - about.ambient());
						temperature[zone] =
							now +
							(seconds * ((power[zone] as number) - loss * (now - about.ambient()) - taken + exchange * neighbours)) / capacity;
					}
					fan = relax(fan, 6.1 - 1.9 * filter.effect, seconds, 5);
					humidity = relax(humidity, clamp(10.5 + 2.5 * (cold - 1) + 19 * filter.effect, 2, 90), seconds, 180);
					const hours = seconds / 3600;
					weak.use(hours, (power[1] as number) / 7);
					filter.use(hours);
				},
				setPoints: Object.fromEntries(
					[0, 1, 2].map((zone) => [
						`zone-${zone + 1}-setpoint`,
						(value: number) => {
							setPoint[zone] = clamp(value, 40, 220);
						},
					]),
				),
				signals: [
					{ name: "state", read: () => (weak.failed ? packMl.held : packMl.execute) },
					...[0, 1, 2].flatMap((zone) => [
						{
							name: `zone-${zone + 1}-temperature`,
							read: () => temperature[zone] as number,
							noise: 0.06,
							resolution: 0.1,
							range: [0, 300] as const,
						},
						{ name: `zone-${zone + 1}-setpoint`, read: () => setPoint[zone] as number, resolution: 0.01 },
					]),
					{
						name: "heater-power",
						read: () => (power[0] as number) + (power[1] as number) + (power[2] as number),
						noise: 0.05,
						resolution: 0.01,
						range: [0, 60],
					},
					{ name: "humidity", read: () => humidity, noise: 0.08, resolution: 0.1, range: [0, 100] },
					{ name: "fan-current", read: () => fan, noise: 0.02, resolution: 0.01, range: [0, 20] },
				],
			};
		},
	});
	return Object.assign(machine, { state: { temperature, setPoint, power } });
}
