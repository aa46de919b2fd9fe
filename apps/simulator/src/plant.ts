import { createFaults, type Faults } from "./faults.ts";
import type { Machine } from "./physics/machine.ts";
import { createNorthworks, type Northworks } from "./physics/northworks.ts";
import { createRandom } from "./physics/random.ts";
import { createTruthLog, type TruthLog } from "./truth/truth-log.ts";
import { createWearWatch } from "./truth/wear-watch.ts";

export interface PlantOptions {
	seed?: number;
	/** JSON lines of the ground truth; in memory only when left out. */
	truthFile?: string;
	/** Stamped on the truth; the physics never sees it. */
	wallMs?(): number;
	/** Plant minutes after which the crew repairs what stands still or is clogged; false leaves it to others. */
	crewAfterMinutes?: number | false;
}

export interface Plant {
	readonly works: Northworks;
	readonly machines: readonly Machine[];
	readonly truth: TruthLog;
	readonly faults: Faults;
	/** s of plant time since the start. */
	readonly seconds: number;
	/** Advances in sub-steps of at most a second, then reads every sensor once. */
	advance(seconds: number): void;
}

/** Longest sub-step in s of plant time; every lag is solved exactly, so this is about event order, not stability. */
const longestStep = 1;

export function createPlant(options: PlantOptions = {}): Plant {
	const { seed = 7, wallMs = () => 0, crewAfterMinutes = 25 } = options;
	const works = createNorthworks(createRandom(seed));
	let seconds = 0;
	const plantSeconds = (): number => seconds;
	const truth = createTruthLog({ plantSeconds, wallMs, ...(options.truthFile ? { file: options.truthFile } : {}) });
	const faults = createFaults({ machines: works.all, truth, plantSeconds });
	const watch = createWearWatch(works.all, truth);
	/** Machine to the plant time at which the crew comes. */
	const called = new Map<Machine, number>();
	const crew = (): void => {
		if (crewAfterMinutes === false) return;
		for (const machine of works.all) {
			const due = called.get(machine);
			if (due === undefined) {
				if (machine.parts.some((part) => part.wear >= 1)) called.set(machine, seconds + crewAfterMinutes * 60);
			} else if (seconds >= due) {
				called.delete(machine);
				for (const part of machine.parts) if (part.wear >= 1) part.renew();
				machine.restart();
			}
		}
	};
	const plant: Plant = {
		works,
		machines: works.all,
		truth,
		faults,
		get seconds() {
			return seconds;
		},
		advance(given) {
			const steps = Math.max(1, Math.ceil(given / longestStep));
			const step = given / steps;
			for (let i = 0; i < steps; i++) {
				seconds += step;
				faults.look();
				works.step(step);
				watch.look();
				crew();
			}
			for (const machine of works.all) for (const sensor of machine.sensors) sensor.sample(given);
		},
	};
	// Lags and controllers find their places before the first reading, so that the plant does not begin with a jump.
	for (let i = 0; i < 120; i++) works.step(0.5);
	for (const machine of works.all) for (const sensor of machine.sensors) sensor.sample(1);
	return plant;
}
