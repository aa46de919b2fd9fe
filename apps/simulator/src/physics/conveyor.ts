import type { Buffer } from "./buffer.ts";
import { createMachine, type Machine, packMl } from "./machine.ts";
import type { Random } from "./random.ts";
import { clamp, relax } from "./relax.ts";

export interface Conveyor extends Machine {
	power(): number;
}

/** A belt that carries parts away one by one. A worn belt slips and warms; a worn bearing draws current. */
export function createConveyor(about: {
	name: string;
	path: string;
	/** m/s */
	speed: number;
	/** m between two parts on the belt. */
	pitch: number;
	input: Buffer;
	ambient(): number;
	random: Random;
}): Conveyor {
	const { input } = about;
	let state: number = packMl.execute;
	let reference = about.speed;
	let speed = about.speed;
	let current = 3;
	let motor = 38;
	let belt = 26;
	let power = 0.9;
	let count = 1200;
	/** m the belt must still move before the next part can go. */
	let wait = 0;
	const machine = createMachine({
		...about,
		kind: "conveyor",
		parts: [
			{ name: "belt", fault: "belt-wear", meanLifeHours: 2500, onset: 0.5, breaks: true, affects: ["speed", "belt-temperature"] },
			{
				name: "bearing",
				fault: "bearing-wear",
				meanLifeHours: 8000,
				breaks: true,
				affects: ["motor-current", "motor-temperature"],
			},
		],
		build(part) {
			const wear = part("belt");
			const bearing = part("bearing");
			return {
				step(seconds) {
					const broken = wear.failed || bearing.failed;
					state = broken ? packMl.aborted : reference > 0 ? packMl.execute : packMl.stopped;
					const slip = 0.34 * wear.effect;
					speed = relax(speed, broken ? 0 : reference * (1 - slip), seconds, 0.8);
					const moving = speed > 0.01;
					wait = Math.max(0, wait - speed * seconds);
					while (wait <= 0 && moving && input.count >= 1) {
						input.count--;
						count++;
						wait += about.pitch;
					}
					const loaded = Math.min(1, input.count / input.capacity);
					current = relax(current, moving ? 2.5 + 0.8 * loaded + 2.6 * bearing.effect + 0.5 * slip : 0.1, seconds, 0.6);
					power = 0.05 + 0.28 * current;
					motor = relax(motor, about.ambient() + 4.4 * current + 16 * bearing.effect, seconds, 900);
					belt = relax(belt, about.ambient() + 3 + 60 * slip, seconds, 240);
					const hours = moving ? seconds / 3600 : 0;
					wear.use(hours, 0.7 + 0.6 * loaded);
					bearing.use(hours);
				},
				setPoints: {
					"speed-reference": (value) => {
						reference = clamp(value, 0, 1.2);
					},
				},
				signals: [
					{ name: "state", read: () => state },
					{ name: "speed", read: () => speed, noise: 0.0015, resolution: 0.001, range: [0, 2] },
					{ name: "speed-reference", read: () => reference, resolution: 0.001 },
					{ name: "motor-current", read: () => current, noise: 0.02, resolution: 0.01, range: [0, 20] },
					{ name: "motor-temperature", read: () => motor, noise: 0.05, resolution: 0.1, range: [0, 150] },
					{ name: "belt-temperature", read: () => belt, noise: 0.1, resolution: 0.1, range: [0, 120] },
					{ name: "buffer-level", read: () => input.count },
					{ name: "item-count", read: () => count },
				],
			};
		},
	});
	return Object.assign(machine, { power: () => power });
}
