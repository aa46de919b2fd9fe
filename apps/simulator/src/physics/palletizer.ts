import { createMachine, type Machine, packMl } from "./machine.ts";
import type { Random } from "./random.ts";
import { relax } from "./relax.ts";

const layersPerPallet = 6;

/** The spare machine: stacks layers on pallets for itself, so that a newcomer has something to connect. */
export function createPalletizer(about: { name: string; path: string; ambient(): number; random: Random }): Machine {
	let state: number = packMl.execute;
	let progress = 0;
	let layer = 0;
	let pallets = 70_412;
	let exchange = 0;
	let vacuum = -0.62;
	let current = 6;
	let motor = 44;
	let vibration = 1.1;
	let cycleTime = 14;
	let energy = 8_211.4;
	return createMachine({
		...about,
		kind: "palletizer",
		parts: [
			{
				name: "bearing",
				fault: "bearing-wear",
				meanLifeHours: 6000,
				breaks: true,
				affects: ["vibration", "motor-temperature", "motor-current"],
			},
			{
				name: "suction-cups",
				fault: "gripper-leak",
				meanLifeHours: 900,
				onset: 0.4,
				breaks: false,
				affects: ["vacuum", "cycle-time"],
			},
		],
		build(part) {
			const bearing = part("bearing");
			const cups = part("suction-cups");
			return {
				step(seconds) {
					state = bearing.failed ? packMl.aborted : exchange > 0 ? packMl.idle : packMl.execute;
					const running = state === packMl.execute;
					if (exchange > 0) exchange -= seconds;
					if (running) {
						cycleTime = 14 * (1 + 0.4 * cups.effect);
						progress += seconds / cycleTime;
						if (progress >= 1) {
							progress = 0;
							layer++;
							if (layer === layersPerPallet) {
								layer = 0;
								pallets++;
								exchange = 20;
							}
						}
					}
					const lifting = running && progress > 0.1 && progress < 0.6;
					vacuum = relax(vacuum, lifting ? -0.68 * (1 - 0.6 * cups.effect) : -0.05, seconds, 0.5);
					current = relax(current, running ? (lifting ? 8.4 : 4.6) + 3.5 * bearing.effect : 1.2, seconds, 0.4);
					vibration = relax(vibration, running ? 0.9 + (lifting ? 0.5 : 0) + 6 * bearing.effect : 0.1, seconds, 0.5);
					motor = relax(motor, about.ambient() + 3.1 * current + 18 * bearing.effect, seconds, 900);
					energy += (seconds * 0.6 * current) / 3600;
					const hours = running ? seconds / 3600 : 0;
					bearing.use(hours);
					cups.use(hours);
				},
				signals: [
					{ name: "state", read: () => state },
					// Bit 0 in operation, 1 fault, 2 lifting, 3 guard closed, 8 and up the layer.
					{
						name: "status-word",
						read: () =>
							(state === packMl.execute ? 1 : 0) |
							(state === packMl.aborted ? 2 : 0) |
							(vacuum < -0.2 ? 4 : 0) |
							(exchange > 0 ? 0 : 8) |
							(layer << 8),
					},
					{ name: "pallet-count", read: () => pallets },
					{ name: "layer", read: () => layer },
					{ name: "cycle-time", read: () => cycleTime, resolution: 0.1 },
					{ name: "vacuum", read: () => vacuum, noise: 0.004, resolution: 0.001, range: [-1, 0] },
					{ name: "motor-current", read: () => current, noise: 0.03, resolution: 0.01, range: [0, 40] },
					{ name: "motor-temperature", read: () => motor, noise: 0.05, resolution: 0.1, range: [0, 150] },
					{ name: "vibration", read: () => vibration, noise: 0.02, resolution: 0.01, range: [0, 25] },
					{ name: "energy", read: () => energy, resolution: 0.1 },
				],
			};
		},
	});
}
