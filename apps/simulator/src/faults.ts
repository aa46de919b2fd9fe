import { MillwrightError } from "@millwright/core";
import * as z from "zod";
import { type Machine, sensorOf } from "./physics/machine.ts";
import type { SensorFault } from "./physics/sensor.ts";
import type { TruthLog } from "./truth/truth-log.ts";

export const FaultName = z.enum([
	"cavitation",
	"bearing-wear",
	"tool-wear",
	"impeller-wear",
	"belt-wear",
	"fouling",
	"gripper-leak",
	"heater-wear",
	"stuck-sensor",
	"drift",
	"spike",
	"clock-skew",
]);
export type FaultName = z.output<typeof FaultName>;

export const FaultOrder = z.strictObject({
	machine: z.string().meta({ description: "cnc-1, pump-001 …; process-cell for clock-skew" }),
	fault: FaultName,
	/** 0 … 1; 1 leads to failure where the part can fail. For clock-skew: 1 is five minutes fast. */
	severity: z.number().min(-1).max(1).default(1),
	/** Of plant time until the severity is reached; 0 at once. */
	minutes: z.number().min(0).max(100_000).default(10),
	/** Which sensor, of a sensor fault; the machine's most telling one when left out. */
	tag: z.string().optional(),
	/** Plant minutes from now at which it begins. */
	after: z.number().min(0).default(0),
});
export type FaultOrder = z.output<typeof FaultOrder>;

export interface ActiveFault {
	id: string;
	machine: string;
	fault: string;
	part?: string;
	tag?: string;
	/** 0 … 1 now. */
	severity: number;
	cause: "wear" | "injected";
}

const sensorFaults: readonly string[] = ["stuck-sensor", "drift", "spike"] satisfies SensorFault[];
const telling = [
	"temperature",
	"vibration",
	"coolant-temperature",
	"axis-temperature",
	"motor-temperature",
	"zone-2-temperature",
	"active-power",
];
export const opcUaTarget = "process-cell";
const fullSkewMs = 300_000;

const refuse = (message: string, hint: string): never => {
	throw new MillwrightError("simulator.fault-impossible", message, { kind: "input", hint });
};

export interface Faults {
	inject(order: FaultOrder): { id: string };
	/** Renews worn parts, mends sensors, sets the clock right: of one machine, of one part of it, or of all. Returns how much was done. */
	repair(order: { machine?: string; part?: string }): number;
	active(): ActiveFault[];
	/** Begins what is scheduled and due; called with the plant's time. */
	look(): void;
	/** ms by which the process cell's clock is wrong. */
	readonly clockSkewMs: number;
}

export function createFaults(about: { machines: readonly Machine[]; truth: TruthLog; plantSeconds(): number }): Faults {
	const { machines, truth } = about;
	let number = 0;
	let skewMs = 0;
	const scheduled: { at: number; id: string; order: FaultOrder }[] = [];
	/** Faults of sensors and clocks; those of parts are read from the parts. */
	const lying = new Map<string, { id: string; machine: string; path: string; fault: string; tag?: string; severity: number }>();

	const machineOf = (name: string): Machine =>
		machines.find((each) => each.name === name || each.path === name) ??
		refuse(`The plant has no machine "${name}"`, `It has ${machines.map((each) => each.name).join(", ")}.`);

	const partFor = (machine: Machine, fault: FaultName) =>
		machine.parts.find((part) => part.fault === fault) ??
		refuse(
			`${machine.name} cannot suffer ${fault}`,
			`It can: ${machine.parts.map((part) => part.fault).join(", ")}, ${sensorFaults.join(", ")}.`,
		);

	const sensorFor = (machine: Machine, tag: string | undefined) => {
		if (tag && !machine.sensors.some((each) => each.name === tag))
			return refuse(`${machine.name} has no tag "${tag}"`, `It has ${machine.sensors.map((each) => each.name).join(", ")}.`);
		const name =
			tag ??
			telling.find((each) => machine.sensors.some((sensor) => sensor.name === each)) ??
			machine.sensors.find((each) => each.spec.noise)?.name;
		return sensorOf(machine, name ?? "state");
	};

	const recordLie = (
		key: string,
		lie: { id: string; machine: string; path: string; fault: string; tag?: string; severity: number },
	): void => {
		const before = lying.get(key);
		if (before) truth.record({ ...before, event: "cleared", cause: "injected", affects: [], severity: 0 });
		lying.set(key, lie);
		truth.record({ ...lie, event: "onset", cause: "injected", affects: lie.tag ? [`${lie.path}/${lie.tag}`] : [] });
	};

	/** Checks an order without doing it, so that a scheduled mistake is told now. */
	const check = (order: FaultOrder): void => {
		if (order.fault === "clock-skew") return;
		const machine = machineOf(order.machine);
		if (sensorFaults.includes(order.fault)) sensorFor(machine, order.tag);
		else partFor(machine, order.fault);
	};

	const begin = (id: string, order: FaultOrder): void => {
		if (order.fault === "clock-skew") {
			skewMs = Math.round(order.severity * fullSkewMs);
			recordLie("clock", { id, machine: opcUaTarget, path: opcUaTarget, fault: "clock-skew", severity: order.severity });
			return;
		}
		const machine = machineOf(order.machine);
		const hours = order.minutes / 60;
		if (sensorFaults.includes(order.fault)) {
			const sensor = sensorFor(machine, order.tag);
			sensor.break(order.fault as SensorFault, order.severity, hours);
			const { name, path } = machine;
			recordLie(`${name}/${sensor.name}`, {
				id,
				machine: name,
				path,
				fault: order.fault,
				tag: sensor.name,
				severity: order.severity,
			});
			return;
		}
		partFor(machine, order.fault).accelerate(Math.abs(order.severity), hours);
	};

	return {
		get clockSkewMs() {
			return skewMs;
		},
		inject(order) {
			check(order);
			const id = `fault_${++number}`;
			if (order.after > 0) {
				if (scheduled.length >= 1000) refuse("A thousand faults are scheduled already", "Wait, or repair everything.");
				scheduled.push({ at: about.plantSeconds() + order.after * 60, id, order });
			} else begin(id, order);
			return { id };
		},
		look() {
			if (scheduled.length === 0) return;
			const now = about.plantSeconds();
			for (let i = scheduled.length - 1; i >= 0; i--) {
				const due = scheduled[i];
				if (!due || due.at > now) continue;
				scheduled.splice(i, 1);
				begin(due.id, due.order);
			}
		},
		repair({ machine: name, part: partName }) {
			const everything = name === undefined;
			const clock = everything || name === opcUaTarget;
			const chosen = everything ? machines : name === opcUaTarget ? [] : [machineOf(name)];
			let done = 0;
			if (everything) scheduled.length = 0;
			for (const machine of chosen) {
				for (const part of machine.parts) {
					if (partName ? part.name !== partName : part.wear <= 0.02) continue;
					part.renew();
					done++;
				}
				if (partName) continue;
				for (const sensor of machine.sensors) sensor.mend();
				machine.restart();
			}
			if (partName && done === 0) refuse(`There is no part "${partName}"`, "Leave the part out to repair the whole machine.");
			for (const [key, lie] of lying) {
				if (partName || !(key === "clock" ? clock : chosen.some((machine) => machine.name === lie.machine))) continue;
				truth.record({
					...lie,
					event: "cleared",
					cause: "injected",
					affects: lie.tag ? [`${lie.path}/${lie.tag}`] : [],
					severity: 0,
				});
				lying.delete(key);
				if (key === "clock") skewMs = 0;
				done++;
			}
			if (partName) for (const machine of chosen) if (!machine.parts.some((part) => part.failed)) machine.restart();
			return done;
		},
		active() {
			const worn = machines.flatMap((machine) =>
				machine.parts
					.filter((part) => part.wear > part.onset && part.wear > 0)
					.map((part) => ({
						id: `${machine.name}/${part.name}#${part.generation}`,
						machine: machine.name,
						fault: part.fault,
						part: part.name,
						severity: Math.round(part.effect * 1000) / 1000,
						cause: part.injected ? ("injected" as const) : ("wear" as const),
					})),
			);
			const lies = [...lying.values()].map(({ path: _path, ...lie }) => ({ ...lie, cause: "injected" as const }));
			return [...worn, ...lies];
		},
	};
}
