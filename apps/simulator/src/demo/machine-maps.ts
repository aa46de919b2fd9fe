import { type LineKind, lineKinds, lineTables } from "../registers/line-table.ts";
import { type Register, widthOf } from "../registers/register.ts";
import type { KindFacts, TagFact } from "./fact.ts";
import { controllerName, type DemoKind, kindFacts, processCellNamespace } from "./kinds.ts";

/** Names of the maps in the configuration, by kind of machine. */
export const mapName = (kind: DemoKind): string => `northworks-${kind}`;

export const processKinds = ["reactor", "oven", "pump", "room"] as const satisfies readonly DemoKind[];

const writable: Partial<Record<DemoKind, readonly string[]>> = {
	reactor: ["setpoint"],
	oven: ["zone-1-setpoint", "zone-2-setpoint", "zone-3-setpoint"],
	pump: ["speed-reference"],
	conveyor: ["speed-reference"],
};

/** Scaling where registers hold counts, rounding where floats carry noise below the sensor's step, plausibility, and no more changes than mean something. */
function pipelineOf(fact: TagFact, scale: number | undefined): Record<string, unknown> {
	const counted = fact.kind === "integer";
	return {
		...(scale === undefined ? {} : { scale }),
		...(fact.decimals === undefined || counted ? {} : { round: fact.decimals }),
		...(fact.range && !counted ? { range: { min: fact.range[0], max: fact.range[1], outside: "uncertain" } } : {}),
		...(fact.stuckAfter ? { stuckAfter: fact.stuckAfter } : {}),
		...(fact.context ? { context: fact.context } : {}),
		...(fact.kind === "text"
			? {}
			: {
					pass: {
						by: "deadband",
						absolute: fact.deadband ?? (counted ? 1 : 10 ** -(fact.decimals ?? 3)),
						atLeastEvery: fact.deadband ? "5s" : "10s",
					},
				}),
	};
}

const tagOf = (
	kind: DemoKind,
	name: string,
	fact: TagFact,
	address: Record<string, unknown>,
	scale?: number,
): Record<string, unknown> => ({
	address,
	...(fact.kind ? { kind: fact.kind } : {}),
	unit: fact.unit ?? "1",
	...(fact.dataClass ? { dataClass: fact.dataClass } : {}),
	...(writable[kind]?.includes(name) ? { writable: true } : {}),
	pipeline: pipelineOf(fact, scale),
});

export function modbusMap(kind: LineKind): Record<string, unknown> {
	const facts: KindFacts = kindFacts[kind];
	const registers: readonly Register[] = lineTables[kind].registers;
	return {
		title: facts.title[0],
		driver: "modbus",
		tags: Object.fromEntries(
			registers.map((register) => {
				const fact = facts.tags[register.tag] as TagFact;
				const address = {
					...(register.table === "holding" ? {} : { table: register.table }),
					register: register.register,
					type: register.type,
					...(widthOf(register.type) === 2 && register.order ? { order: register.order } : {}),
				};
				return [register.tag, tagOf(kind, register.tag, fact, address, register.scale)];
			}),
		),
	};
}

export function opcUaMap(kind: (typeof processKinds)[number]): Record<string, unknown> {
	const facts: KindFacts = kindFacts[kind];
	const read = Object.entries(facts.tags).filter(([, fact]) => fact.expression === undefined);
	return {
		title: facts.title[0],
		driver: "opcua",
		tags: Object.fromEntries(
			read.map(([name, fact]) => [
				name,
				tagOf(kind, name, fact, { node: `nsu=${processCellNamespace};s={node}.${controllerName(name)}` }),
			]),
		),
	};
}

export const machineMaps = (): Record<string, unknown> =>
	Object.fromEntries([
		...lineKinds.map((kind) => [mapName(kind), modbusMap(kind)]),
		...processKinds.map((kind) => [mapName(kind), opcUaMap(kind)]),
	]);
