import { type LoadShape, loadNamespace, usualLoad } from "./load-simulator.ts";
import { loadPorts, type Ports } from "./ports.ts";

/** Asset path of the i-th connection's machine, counted from 1. */
export const loadAsset = (connection: string): string => `northworks/load/${connection}`;
export const loadTag = (index: number): string => `counter-${index}`;

/** Sections `sense` and `twin` for the load plant: every value is read every period and passed on as it is. */
export function loadConfig(
	given?: Ports,
	options: Partial<LoadShape> = {},
): { sense: Record<string, unknown>; twin: Record<string, unknown> } {
	const shape = { ...usualLoad, ...options };
	const ports = given ?? loadPorts(shape.modbusConnections);
	const periodMs = 1000 / shape.rate;
	const names = Array.from({ length: shape.modbusConnections }, (_, i) => `load-${i + 1}`);
	const numbers = (length: number): number[] => Array.from({ length }, (_, i) => i + 1);
	const registers = Object.fromEntries(
		numbers(shape.registersPerConnection).map((i) => [
			loadTag(i),
			{ address: { register: (i - 1) * 2, type: "uint32" }, kind: "integer", pipeline: { pass: { by: "all" } } },
		]),
	);
	const nodes = Object.fromEntries(
		numbers(shape.opcuaTags).map((i) => [
			loadTag(i),
			{ address: { node: `nsu=${loadNamespace};s=Load.Counter${i}` }, kind: "integer", pipeline: { pass: { by: "all" } } },
		]),
	);
	const template = (count: number) => ({
		symbol: "machine",
		tags: Object.fromEntries(numbers(count).map((i) => [loadTag(i), { kind: "integer", ...(i <= 4 ? { overview: i } : {}) }])),
	});
	const hasNodes = shape.opcuaTags > 0;
	return {
		sense: {
			maps: {
				...(names.length > 0 ? { "load-registers": { driver: "modbus", tags: registers } } : {}),
				...(hasNodes ? { "load-nodes": { driver: "opcua", tags: nodes } } : {}),
			},
			connections: {
				...Object.fromEntries(
					names.map((name) => [
						name,
						{
							driver: "modbus",
							settings: { host: "127.0.0.1", port: ports[name], unit: 1 },
							every: periodMs,
							machines: [{ asset: loadAsset(name), map: "load-registers" }],
						},
					]),
				),
				...(hasNodes
					? {
							"load-opcua": {
								driver: "opcua",
								settings: { endpoint: `opc.tcp://127.0.0.1:${ports["load-opcua"]}`, security: "None" },
								// Sampled twice a tick, so that no tick falls between two samples; unchanged values are not sent.
								every: periodMs / 2,
								machines: [{ asset: loadAsset("load-opcua"), map: "load-nodes" }],
							},
						}
					: {}),
			},
		},
		twin: {
			templates: {
				...(names.length > 0 ? { "load-registers": template(shape.registersPerConnection) } : {}),
				...(hasNodes ? { "load-nodes": template(shape.opcuaTags) } : {}),
			},
			places: { northworks: { title: "Northworks", level: "enterprise" }, "northworks/load": { title: "Load", level: "line" } },
			assets: {
				...Object.fromEntries(names.map((name) => [loadAsset(name), { template: "load-registers" }])),
				...(hasNodes ? { [loadAsset("load-opcua")]: { template: "load-nodes" } } : {}),
			},
		},
	};
}
