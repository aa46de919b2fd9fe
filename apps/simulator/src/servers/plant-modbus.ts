import type { Clock } from "@millwright/core";
import type { UnitMemory } from "@millwright/driver-modbus/server";
import type { Machine } from "../physics/machine.ts";
import type { Plant } from "../plant.ts";
import { type LineKind, lineHas, lineTables } from "../registers/line-table.ts";
import { palletizerHas, palletizerLength, palletizerTable } from "../registers/palletizer-table.ts";
import { bindRegisters, type Placed } from "../registers/register.ts";
import { openModbusTarget } from "./modbus-target.ts";
import type { Target } from "./network.ts";

export interface PlantModbus {
	targets: Target[];
	/** Puts the sensors' newest values into the registers. */
	refresh(): void;
}

interface Bound {
	memory: UnitMemory;
	refresh(): void;
}

function bind(
	placed: readonly Placed[],
	sizes: { holding: number; input: number },
	has: (table: string, at: number) => boolean,
	model: string,
): Bound {
	const words = { holding: new Uint16Array(sizes.holding), input: new Uint16Array(sizes.input) };
	const bound = bindRegisters(words, placed);
	return {
		refresh: bound.refresh,
		memory: {
			holding: words.holding,
			...(sizes.input > 0 ? { input: words.input } : {}),
			identification: { 0: "Northworks", 1: model, 2: "4.1", 4: model, 5: "simulated" },
			isMissing: (table, at) => !has(table, at),
			written: (table, start, length) => {
				if (table === "holding") bound.written(start, length);
			},
		},
	};
}

const placedIn = (machines: readonly Machine[]): Placed[] =>
	machines.map((machine) => {
		const { base, registers } = lineTables[machine.kind as LineKind];
		return { machine, base, table: registers };
	});

/** The PLC of each line and the spare palletizer, each on its own port. */
export async function openPlantModbus(about: {
	plant: Plant;
	clock: Clock;
	/** By target name; 0 takes a free one. */
	ports: Readonly<Record<string, number>>;
}): Promise<PlantModbus> {
	const { plant, clock, ports } = about;
	const plcs = plant.works.lines.map((line) => ({
		name: `line-${line.number}-plc`,
		...bind(placedIn(line.machines), { holding: 300, input: 400 }, lineHas, `PLC line ${line.number}`),
	}));
	const spare = {
		name: "palletizer-9",
		...bind(
			[{ machine: plant.works.palletizer, base: 0, table: palletizerTable }],
			{ holding: palletizerLength, input: 0 },
			palletizerHas,
			"Palletizer 9",
		),
	};
	const all = [...plcs, spare];
	for (const each of all) each.refresh();
	const targets: Target[] = [];
	try {
		for (const { name, memory } of all) {
			targets.push(await openModbusTarget({ name, port: ports[name] ?? 0, units: new Map([[1, memory]]), clock }));
		}
	} catch (error) {
		await Promise.all(targets.map((target) => target.close()));
		throw error;
	}
	return {
		targets,
		refresh() {
			for (const each of all) each.refresh();
		},
	};
}
