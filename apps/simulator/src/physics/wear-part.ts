import type { Random } from "./random.ts";

/** What a part does to its machine as it goes: the words of faults and of the truth log. */
export type PhysicalFault =
	| "bearing-wear"
	| "tool-wear"
	| "impeller-wear"
	| "belt-wear"
	| "fouling"
	| "cavitation"
	| "gripper-leak"
	| "heater-wear";

export interface WearPartSpec {
	/** "bearing", "tool", "filter" … */
	name: string;
	fault: PhysicalFault;
	/** Mean life in hours of full load; Infinity for what only happens from outside. */
	meanLifeHours: number;
	/** Weibull shape of its life. */
	shape?: number;
	/** Wear at which the defect begins to show. */
	onset?: number;
	/** Whether the machine stops when the part is at its end. */
	breaks: boolean;
	/** Tags that feel it first, for the truth log. */
	affects: readonly string[];
}

/** Something that wears or clogs. `wear` runs from 0 (new) to 1 (end); `effect` is what the physics feels. */
export interface WearPart extends Required<WearPartSpec> {
	readonly wear: number;
	readonly lifeHours: number;
	/** 0 … 1, small before the onset, then rising ever faster. */
	readonly effect: number;
	readonly failed: boolean;
	/** True while it is being made worse from outside. */
	readonly injected: boolean;
	/** Counts the replacements, so that each life has a name. */
	readonly generation: number;
	/** Load hours; stress 1 is normal. */
	use(hours: number, stress?: number): void;
	/** From outside: reach this effect within these hours of plant time. */
	accelerate(effect: number, hours: number): void;
	renew(): void;
}

export function createWearPart(spec: WearPartSpec, random: Random): WearPart {
	const { shape = 2.5, onset = 0.6 } = spec;
	const draw = (): number =>
		Number.isFinite(spec.meanLifeHours) ? random.life(spec.meanLifeHours, shape) : Number.POSITIVE_INFINITY;
	// Nothing in a running plant is new: parts begin anywhere before their defect shows.
	let wear = Number.isFinite(spec.meanLifeHours) ? 0.9 * onset * random.uniform() : 0;
	let life = draw();
	let generation = 1;
	let target = 0;
	let perHour = 0;
	const effectAt = (at: number): number => 0.05 * at + 0.95 * Math.max(0, (at - onset) / (1 - onset)) ** 2;
	const wearFor = (effect: number): number => {
		let low = 0;
		let high = 1;
		for (let i = 0; i < 40; i++) {
			const middle = (low + high) / 2;
			if (effectAt(middle) < effect) low = middle;
			else high = middle;
		}
		return high;
	};
	return {
		...spec,
		shape,
		onset,
		get wear() {
			return wear;
		},
		get lifeHours() {
			return life;
		},
		get effect() {
			return effectAt(wear);
		},
		get failed() {
			return spec.breaks && wear >= 1;
		},
		get injected() {
			return perHour > 0;
		},
		get generation() {
			return generation;
		},
		use(hours, stress = 1) {
			if (perHour > 0) {
				wear = Math.min(wear + perHour * hours, Math.max(wear, target));
				if (wear >= target) perHour = 0;
			}
			wear = Math.min(1, wear + (hours * stress) / life);
		},
		accelerate(effect, hours) {
			target = effect >= 1 ? 1 : wearFor(effect);
			if (hours <= 0) wear = Math.max(wear, target);
			perHour = hours > 0 ? Math.max(0, target - wear) / hours : 0;
		},
		renew() {
			wear = 0;
			perHour = 0;
			life = draw();
			generation++;
		},
	};
}
