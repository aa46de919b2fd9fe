import type { Buffer } from "./buffer.ts";
import { createMachine, type Machine, packMl } from "./machine.ts";
import type { Random } from "./random.ts";
import { clamp, relax } from "./relax.ts";

export interface CncProgram {
	/** Seconds of one part when the tool is new. */
	cycle: number;
	/** Of one turn of the spindle while roughing and finishing, per minute. */
	roughing: number;
	finishing: number;
	/** Mean life of a tool in hours of cutting. */
	toolHours: number;
}

export interface Cnc extends Machine {
	/** kW drawn now. */
	power(): number;
}

/** Share of the cycle: loading, roughing, finishing, unloading; load of the spindle in % of its rating. */
const phases = [
	{ until: 0.09, load: 0, feed: 0 },
	{ until: 0.58, load: 61, feed: 1800 },
	{ until: 0.93, load: 34, feed: 950 },
	{ until: 1, load: 0, feed: 0 },
] as const;

const ratedPower = 15; // kW of the spindle

/** A machining centre. It waits for room behind it, wears its tool part by part, and breaks it when nobody changes it. */
export function createCnc(about: {
	name: string;
	path: string;
	program: CncProgram;
	output: Buffer;
	ambient(): number;
	random: Random;
}): Cnc {
	const { program, output } = about;
	let state: number = packMl.execute;
	let progress = 0;
	let material = 1;
	let speed = 0;
	let load = 0;
	let feed = 0;
	let vibration = 0.4;
	let coolant = 23;
	let pressure = 5.8;
	let power = 1;
	let good = 0;
	let scrap = 0;
	let cycleTime = program.cycle;
	let elapsed = 0;
	/** Seconds left of a short stop: chip in the clamp, door not closed. */
	let pause = 0;
	const machine = createMachine({
		...about,
		kind: "cnc",
		parts: [
			{
				name: "tool",
				fault: "tool-wear",
				meanLifeHours: program.toolHours,
				shape: 3,
				onset: 0.55,
				breaks: true,
				affects: ["spindle-load", "vibration", "scrap-count", "cycle-time"],
			},
			{
				name: "spindle-bearing",
				fault: "bearing-wear",
				meanLifeHours: 7000,
				breaks: true,
				affects: ["vibration", "motor-power", "coolant-temperature"],
			},
			{
				name: "coolant-filter",
				fault: "fouling",
				meanLifeHours: 600,
				onset: 0.3,
				breaks: false,
				affects: ["coolant-pressure", "coolant-temperature"],
			},
		],
		build(part, random) {
			const tool = part("tool");
			const bearing = part("spindle-bearing");
			const filter = part("coolant-filter");
			material = 1 + 0.03 * random.normal();
			progress = random.uniform();
			good = 1200 + Math.floor(random.uniform() * 400);
			scrap = 14;
			const finish = (): void => {
				const rejected = random.uniform() < 0.006 + 0.28 * tool.effect ** 1.4 + 0.08 * bearing.effect;
				if (rejected) scrap++;
				else {
					good++;
					output.count++;
				}
				cycleTime = elapsed;
				elapsed = 0;
				progress = 0;
				material = 1 + 0.03 * random.normal();
				if (random.uniform() < 0.025) pause = 8 + 40 * random.uniform();
			};
			return {
				step(seconds) {
					const broken = tool.failed || bearing.failed;
					if (broken) state = packMl.aborted;
					else if (output.count >= output.capacity) state = packMl.suspended;
					else if (pause > 0) {
						pause -= seconds;
						state = packMl.idle;
					} else state = packMl.execute;

					const running = state === packMl.execute;
					const phase = phases.find((each) => progress < each.until) ?? phases[3];
					const cutting = running && phase.load > 0;
					if (running) {
						// A blunt tool is fed more gently.
						progress += seconds / (program.cycle * (1 + 0.16 * tool.effect));
						elapsed += seconds;
						if (progress >= 1) finish();
					}
					const wanted = !running || phase.load === 0 ? 0 : phase.load > 50 ? program.roughing : program.finishing;
					speed = relax(speed, wanted, seconds, 0.6);
					load = relax(
						load,
						cutting ? phase.load * material * (1 + 0.5 * tool.effect) + 6 * bearing.effect : speed > 50 ? 4 : 0,
						seconds,
						0.5,
					);
					feed = relax(feed, cutting ? phase.feed / (1 + 0.16 * tool.effect) : 0, seconds, 0.3);
					const spin = speed / 8000;
					vibration = relax(
						vibration,
						0.25 + 1.1 * spin + 0.009 * load + 3.2 * tool.effect * (load / 60) + 6.5 * bearing.effect * spin,
						seconds,
						0.6,
					);
					power = relax(power, broken ? 0.5 : 1.6 + (ratedPower * load) / 100 + 1.8 * bearing.effect * spin, seconds, 0.4);
					pressure = relax(pressure, running ? 6 - 2.6 * filter.effect : 0.2, seconds, 2);
					// Chips heat the coolant, the chiller takes it away as long as the filter lets it flow.
					const chill = 0.0009 * (1 - 0.62 * filter.effect);
					coolant += seconds * (0.00021 * (power - 0.5) + 0.0006 * bearing.effect - chill * Math.max(0, coolant - 20));
					coolant = clamp(relax(coolant, about.ambient(), seconds, 9000), 15, 60);
					const hours = seconds / 3600;
					tool.use(cutting ? hours : 0, material ** 2);
					bearing.use(running ? hours : 0, 1 + 1.5 * tool.effect);
					filter.use(running ? hours : 0);
				},
				restart() {
					progress = 0;
					elapsed = 0;
				},
				signals: [
					{ name: "state", read: () => state },
					{ name: "spindle-speed", read: () => speed, noise: 3, resolution: 1, range: [0, 12000] },
					{ name: "spindle-load", read: () => load, noise: 0.5, resolution: 0.1, range: [0, 150] },
					{ name: "feed-rate", read: () => feed, noise: 1.5, resolution: 1, range: [0, 6000] },
					{ name: "vibration", read: () => vibration, noise: 0.03, resolution: 0.01, range: [0, 25] },
					{ name: "coolant-temperature", read: () => coolant, noise: 0.04, resolution: 0.1, range: [0, 80] },
					{ name: "coolant-pressure", read: () => pressure, noise: 0.02, resolution: 0.01, range: [0, 10] },
					{ name: "motor-power", read: () => power, noise: 0.03, resolution: 0.01, range: [0, 30] },
					{ name: "cycle-time", read: () => cycleTime, resolution: 0.1 },
					{ name: "good-count", read: () => good },
					{ name: "scrap-count", read: () => scrap },
				],
			};
		},
	});
	return Object.assign(machine, { power: () => power });
}
