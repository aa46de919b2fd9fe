import type { MachineKind } from "../physics/machine.ts";
import type { KindFacts } from "./fact.ts";
import { cncFacts } from "./kinds/cnc.ts";
import { conveyorFacts } from "./kinds/conveyor.ts";
import { meterFacts } from "./kinds/meter.ts";
import { ovenFacts } from "./kinds/oven.ts";
import { palletizerFacts } from "./kinds/palletizer.ts";
import { pumpFacts } from "./kinds/pump.ts";
import { reactorFacts } from "./kinds/reactor.ts";
import { robotFacts } from "./kinds/robot.ts";
import { roomFacts } from "./kinds/room.ts";

/** The kinds of machines the demo knows. */
export const kindFacts = {
	cnc: cncFacts,
	robot: robotFacts,
	conveyor: conveyorFacts,
	meter: meterFacts,
	reactor: reactorFacts,
	oven: ovenFacts,
	pump: pumpFacts,
	room: roomFacts,
	palletizer: palletizerFacts,
} satisfies Partial<Record<MachineKind, KindFacts>>;

export type DemoKind = keyof typeof kindFacts;

/** "inlet-pressure" → "InletPressure": names as controllers write them. */
export const controllerName = (name: string): string =>
	name
		.split(/[^a-z0-9]+/)
		.map((word) => word.charAt(0).toUpperCase() + word.slice(1))
		.join("");

export const processCellNamespace = "urn:northworks:process-cell";
