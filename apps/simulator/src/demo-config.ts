import { controllerName } from "./demo/kinds.ts";
import { machineMaps, mapName } from "./demo/machine-maps.ts";
import { lineAssets, lineNumbers, places, processAssets } from "./demo/plant-layout.ts";
import { templates } from "./demo/templates.ts";
import { words } from "./demo/words.ts";
import { demoPorts, type Ports } from "./ports.ts";
import { lineTables } from "./registers/line-table.ts";

export interface DemoConfigOptions {
	/** How the process cell is dialled; anything but None asks a person to trust its certificate first. */
	security?: "None" | "best" | "Basic256Sha256";
}

/** Sections `sense` and `twin` of the platform's configuration for the demo plant, as plain data. The palletizer has a template only: connecting it is left to the newcomer. */
export function demoConfig(
	ports: Ports = demoPorts,
	options: DemoConfigOptions = {},
): { sense: Record<string, unknown>; twin: Record<string, unknown> } {
	const plcs = lineNumbers.map((line) => [
		`line-${line}-plc`,
		{
			driver: "modbus",
			title: `PLC of line ${line}`,
			settings: { host: "127.0.0.1", port: ports[`line-${line}-plc`], unit: 1 },
			every: "500ms",
			timeout: "2s",
			machines: lineAssets(line).map((asset) => {
				const { base } = lineTables[asset.kind as keyof typeof lineTables];
				return { asset: asset.path, map: mapName(asset.kind), ...(base > 0 ? { shift: { register: base } } : {}) };
			}),
		},
	]);
	const cell = {
		driver: "opcua",
		title: "Controller of the process cell",
		settings: { endpoint: `opc.tcp://127.0.0.1:${ports["process-cell"]}`, security: options.security ?? "None" },
		every: "500ms",
		timeout: "5s",
		machines: processAssets.map((asset) => ({
			asset: asset.path,
			map: mapName(asset.kind),
			with: { node: controllerName(asset.name) },
		})),
	};
	const assets = [...lineNumbers.flatMap(lineAssets), ...processAssets];
	return {
		sense: { maps: machineMaps(), connections: { ...Object.fromEntries(plcs), "process-cell": cell } },
		twin: {
			templates: templates(),
			places: Object.fromEntries(
				Object.entries(places).map(([path, { title, level, order }]) => [path, { title: words(title), level, order }]),
			),
			assets: Object.fromEntries(
				assets.map((asset, i) => [
					asset.path,
					{ template: asset.kind, title: words(asset.title), order: i + 1, about: asset.about },
				]),
			),
		},
	};
}
