import type { Clock, Log } from "@millwright/core";
import type { TagFact } from "../demo/fact.ts";
import { controllerName, type DemoKind, kindFacts, processCellNamespace } from "../demo/kinds.ts";
import { engineeringUnits } from "../demo/units.ts";
import type { Plant } from "../plant.ts";
import type { OpcUaNode } from "./opcua-server.ts";
import { type OpcUaTarget, openOpcUaTarget } from "./opcua-target.ts";

export interface PlantOpcUa {
	target: OpcUaTarget;
	/** Hands the sensors' newest values to the server, with the cell's own idea of the time. */
	refresh(): void;
}

/** The controller of the process cell. */
export async function openPlantOpcUa(about: {
	plant: Plant;
	clock: Clock;
	log: Log;
	port: number;
	folder: string;
}): Promise<PlantOpcUa> {
	const { plant, clock } = about;
	const now = (): Date => new Date(clock.nowMs() + plant.faults.clockSkewMs);
	const sources = plant.works.processCell.flatMap((machine) =>
		machine.sensors.map((sensor) => {
			const fact: TagFact | undefined = kindFacts[machine.kind as DemoKind].tags[sensor.name];
			const setPoint = machine.setPoints.get(sensor.name);
			const unit = engineeringUnits[fact?.unit ?? ""];
			const node: OpcUaNode = {
				id: `${controllerName(machine.name)}.${controllerName(sensor.name)}`,
				type: sensor.text !== undefined ? "text" : fact?.kind === "integer" ? "integer" : "number",
				first: sensor.text ?? sensor.value,
				...(unit ? { unit } : {}),
				...(fact?.range ? { range: fact.range } : {}),
				...(fact ? { description: fact.title[0] } : {}),
				...(setPoint
					? {
							write: (value: number) => {
								setPoint(value);
								sensor.sample(0);
								return sensor.value;
							},
						}
					: {}),
			};
			return { sensor, node };
		}),
	);
	const target = await openOpcUaTarget({
		name: "process-cell",
		namespace: processCellNamespace,
		nodes: sources.map(({ node }) => node),
		folder: about.folder,
		port: about.port,
		clock,
		log: about.log,
		now,
	});
	return {
		target,
		refresh() {
			const time = now();
			for (const [index, { sensor }] of sources.entries()) target.set(index, sensor.text ?? sensor.value, time);
		},
	};
}
