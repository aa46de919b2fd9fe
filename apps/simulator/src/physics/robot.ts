import type { Buffer } from "./buffer.ts";
import { createMachine, type Machine, packMl } from "./machine.ts";
import type { Random } from "./random.ts";
import { relax } from "./relax.ts";

export interface Robot extends Machine {
	power(): number;
}

/** A handling robot: takes a part from the machine before it and lays it on what comes after. Starved or blocked by its neighbours. */
export function createRobot(about: {
	name: string;
	path: string;
	/** Seconds of one move when the gear is new. */
	cycle: number;
	input: Buffer;
	output: Buffer;
	/** bar in the line's compressed air. */
	air(): number;
	ambient(): number;
	random: Random;
}): Robot {
	const { input, output } = about;
	let state: number = packMl.idle;
	let progress = 0;
	let holding = false;
	let payload = 1;
	let torque = 8;
	let temperature = 38;
	let grip = 0.3;
	let power = 0.4;
	let deviation = 0.02;
	let cycleTime = about.cycle;
	let elapsed = 0;
	let count = 1200;
	const machine = createMachine({
		...about,
		kind: "robot",
		parts: [
			{
				name: "gear",
				fault: "bearing-wear",
				meanLifeHours: 8000,
				breaks: true,
				affects: ["axis-torque", "axis-temperature", "position-deviation"],
			},
			{
				name: "gripper",
				fault: "gripper-leak",
				meanLifeHours: 1500,
				onset: 0.4,
				breaks: false,
				affects: ["grip-pressure", "cycle-time"],
			},
		],
		build(part, random) {
			const gear = part("gear");
			const gripper = part("gripper");
			return {
				step(seconds) {
					if (gear.failed) state = packMl.aborted;
					else if (!holding && input.count < 1) state = packMl.idle;
					else if (!holding && output.count >= output.capacity) state = packMl.suspended;
					else {
						if (!holding) {
							input.count--;
							holding = true;
							payload = 1 + 0.04 * random.normal();
							elapsed = 0;
							progress = 0;
						}
						state = packMl.execute;
					}
					const running = state === packMl.execute;
					if (running) {
						elapsed += seconds;
						// A leaking gripper grips twice; a worn gear is moved with less acceleration.
						progress += seconds / (about.cycle * (1 + 0.3 * gripper.effect + 0.12 * gear.effect));
						if (progress >= 1) {
							holding = false;
							output.count++;
							count++;
							cycleTime = elapsed;
						}
					}
					// Accelerating and braking twice a move.
					const swing = running ? 0.45 + 0.55 * Math.abs(Math.sin(progress * Math.PI * 2)) : 0;
					torque = relax(torque, running ? (14 + 34 * swing) * payload * (1 + 0.55 * gear.effect) : 6, seconds, 0.25);
					const gripping = running && progress > 0.15 && progress < 0.85;
					grip = relax(grip, gripping ? Math.min(5.2, about.air()) * (1 - 0.5 * gripper.effect) : 0.2, seconds, 0.2);
					power = relax(power, gear.failed ? 0.2 : 0.45 + 0.055 * torque * (running ? 1 : 0.2), seconds, 0.3);
					temperature = relax(temperature, about.ambient() + (running ? 24 : 9) + 30 * gear.effect, seconds, 1500);
					deviation = relax(deviation, 0.02 + (running ? 0.02 * swing : 0) + 0.35 * gear.effect, seconds, 0.5);
					const hours = running ? seconds / 3600 : 0;
					gear.use(hours, payload ** 3);
					gripper.use(hours);
				},
				restart() {
					holding = false;
					progress = 0;
				},
				signals: [
					{ name: "state", read: () => state },
					{ name: "cycle-time", read: () => cycleTime, resolution: 0.1 },
					{ name: "axis-torque", read: () => torque, noise: 0.5, resolution: 0.1, range: [0, 150] },
					{ name: "axis-temperature", read: () => temperature, noise: 0.05, resolution: 0.1, range: [0, 120] },
					{ name: "grip-pressure", read: () => grip, noise: 0.01, resolution: 0.01, range: [0, 10] },
					{ name: "position-deviation", read: () => deviation, noise: 0.002, resolution: 0.001, range: [0, 2] },
					{ name: "motor-power", read: () => power, noise: 0.01, resolution: 0.01, range: [0, 10] },
					{ name: "cycle-count", read: () => count },
				],
			};
		},
	});
	return Object.assign(machine, { power: () => power });
}
