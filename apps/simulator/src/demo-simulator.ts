import { join } from "node:path";
import { type Clock, type Log, MillwrightError } from "@millwright/core";
import type { Controlled } from "./control.ts";
import { createPlant, type Plant } from "./plant.ts";
import { demoPorts, type Ports } from "./ports.ts";
import type { Target } from "./servers/network.ts";
import { openPlantModbus } from "./servers/plant-modbus.ts";
import { openPlantOpcUa } from "./servers/plant-opcua.ts";

export interface SimulatorOptions {
	/** Certificates and the truth go here. */
	folder: string;
	clock: Clock;
	log: Log;
	seed?: number;
	/** Plant seconds in a second of ours. */
	speed?: number;
	ports?: Ports;
	crewAfterMinutes?: number | false;
}

export interface DemoSimulator extends Controlled {
	readonly plant: Plant;
	readonly targets: readonly Target[];
	/** As they came to be. */
	readonly ports: Ports;
	close(): Promise<void>;
}

/** ms of wall time between two steps of the plant. */
const periodMs = 100;

/** The demo plant on its own servers, running until it is closed. */
export async function openDemo(options: SimulatorOptions): Promise<DemoSimulator> {
	const { clock, log, folder, ports = demoPorts } = options;
	let speed = options.speed ?? 1;
	const plant = createPlant({
		...(options.seed === undefined ? {} : { seed: options.seed }),
		...(options.crewAfterMinutes === undefined ? {} : { crewAfterMinutes: options.crewAfterMinutes }),
		truthFile: join(folder, "truth.jsonl"),
		wallMs: () => clock.nowMs(),
	});
	const modbus = await openPlantModbus({ plant, clock, ports });
	const opcua = await openPlantOpcUa({ plant, clock, log, port: ports["process-cell"] ?? 0, folder }).catch(
		async (error: unknown) => {
			await Promise.all(modbus.targets.map((target) => target.close()));
			throw error;
		},
	);
	const targets: Target[] = [...modbus.targets, opcua.target];
	const timer = clock.every(periodMs, () => {
		if (speed > 0) plant.advance((speed * periodMs) / 1000);
		modbus.refresh();
		opcua.refresh();
	});
	return {
		plant,
		targets,
		get ports() {
			return Object.fromEntries(targets.map((target) => [target.name, target.port]));
		},
		state({ truth = 100 } = {}) {
			return {
				plant: "demo",
				speed,
				plantSeconds: plant.seconds,
				targets: targets.map(({ name, protocol, port, wire }) => ({ name, protocol, port, wire })),
				faults: plant.faults.active(),
				machines: plant.machines.map((machine) => ({
					machine: machine.name,
					path: machine.path,
					kind: machine.kind,
					parts: machine.parts.map((part) => ({
						part: part.name,
						fault: part.fault,
						wear: Math.round(part.wear * 1000) / 1000,
						effect: Math.round(part.effect * 1000) / 1000,
						failed: part.failed,
					})),
					values: Object.fromEntries(machine.sensors.map((sensor) => [sensor.name, sensor.text ?? sensor.value])),
				})),
				truth: truth > 0 ? plant.truth.entries.slice(-truth) : [],
			};
		},
		fault(order) {
			return plant.faults.inject(order);
		},
		repair: (order) => ({ repaired: plant.faults.repair(order) }),
		speed(order) {
			speed = order.speed;
			return { speed };
		},
		async network(order) {
			const target = targets.find((each) => each.name === order.target);
			if (!target)
				throw new MillwrightError("simulator.target-unknown", `There is no target "${order.target}"`, {
					kind: "missing",
					hint: `There are ${targets.map((each) => each.name).join(", ")}.`,
				});
			await target.act(order);
			const behind = plant.works.lines.find((line) => `line-${line.number}-plc` === target.name)?.machines;
			const machines = behind ?? (target.protocol === "opcua" ? plant.works.processCell : [plant.works.palletizer]);
			plant.truth.record({
				id: `wire/${target.name}`,
				event: target.wire === "good" ? "cleared" : "onset",
				machine: target.name,
				path: target.name,
				fault: `network-${order.action}`,
				severity: target.wire === "good" ? 0 : 1,
				cause: "injected",
				affects: machines.map((machine) => `${machine.path}/#`),
			});
			log.info("wire changed", { target: target.name, wire: target.wire });
			return { target: target.name, wire: target.wire };
		},
		async close() {
			timer.cancel();
			await Promise.all(targets.map((target) => target.close()));
		},
	};
}
