import type { Machine } from "../physics/machine.ts";
import type { WearPart } from "../physics/wear-part.ts";
import type { TruthLog } from "./truth-log.ts";

const steps = [0.25, 0.5, 0.75];

/** Follows every part of every machine and writes down what becomes of it: onset, each quarter, failure, repair. */
export function createWearWatch(machines: readonly Machine[], truth: TruthLog): { look(): void } {
	interface Watched {
		machine: Machine;
		part: WearPart;
		generation: number;
		/** 0 sound, 1 … 4 onset and quarters, 5 at its end. */
		stage: number;
		injected: boolean;
	}
	const watched: Watched[] = machines.flatMap((machine) =>
		machine.parts.map((part) => ({ machine, part, generation: part.generation, stage: 0, injected: false })),
	);
	const stageOf = (part: WearPart): number => {
		if (part.wear >= 1) return 5;
		// What only comes from outside shows from the first moment.
		const begun = part.wear > Math.max(part.onset, 1e-9);
		return begun ? 1 + steps.filter((step) => part.effect >= step).length : 0;
	};
	const say = (
		item: Watched,
		event: "onset" | "development" | "failure" | "repaired",
		severity: number,
		generation: number,
	): void => {
		const { machine, part } = item;
		truth.record({
			id: `${machine.name}/${part.name}#${generation}`,
			event,
			machine: machine.name,
			path: machine.path,
			fault: part.fault,
			part: part.name,
			severity: Math.round(severity * 1000) / 1000,
			cause: item.injected ? "injected" : "wear",
			affects: part.affects.map((tag) => `${machine.path}/${tag}`),
			...(event === "onset" && Number.isFinite(part.lifeHours)
				? { loadHoursLeft: Math.round((1 - part.wear) * part.lifeHours * 100) / 100 }
				: {}),
		});
	};
	return {
		look() {
			for (const item of watched) {
				const { part } = item;
				if (part.generation !== item.generation) {
					if (item.stage > 0) say(item, "repaired", 0, item.generation);
					item.generation = part.generation;
					item.stage = 0;
					item.injected = false;
				}
				if (part.injected) item.injected = true;
				const stage = stageOf(part);
				if (stage <= item.stage) continue;
				if (item.stage === 0) say(item, "onset", part.effect, item.generation);
				for (let step = Math.max(2, item.stage + 1); step <= Math.min(4, stage); step++)
					say(item, "development", steps[step - 2] as number, item.generation);
				if (stage === 5) say(item, "failure", 1, item.generation);
				item.stage = stage;
			}
		},
	};
}
