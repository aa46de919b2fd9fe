import { building, lines } from "../physics/northworks.ts";
import type { LineKind } from "../registers/line-table.ts";
import type { Title } from "./fact.ts";
import type { DemoKind } from "./kinds.ts";

export interface DemoAsset {
	name: string;
	path: string;
	kind: DemoKind;
	title: Title;
	about: Record<string, string>;
}

const lineMakes: Record<number, Title> = {
	1: ["Line 1 · housing machining", "Línea 1 · mecanizado de carcasas"],
	2: ["Line 2 · rotor assembly", "Línea 2 · montaje de rotores"],
	3: ["Line 3 · packing", "Línea 3 · embalaje"],
};

const onLine: readonly { kind: LineKind; stem: string; title: Title; about: Record<string, string> }[] = [
	{
		kind: "cnc",
		stem: "cnc",
		title: ["CNC", "CNC"],
		about: { manufacturer: "Northworks", model: "MC-500", installed: "2021-03-18" },
	},
	{
		kind: "robot",
		stem: "robot",
		title: ["Robot", "Robot"],
		about: { manufacturer: "Northworks", model: "R-12", installed: "2021-03-18" },
	},
	{
		kind: "conveyor",
		stem: "conveyor",
		title: ["Conveyor", "Transportador"],
		about: { manufacturer: "Northworks", model: "C-400", installed: "2020-11-02" },
	},
	{
		kind: "meter",
		stem: "energy",
		title: ["Energy", "Energía"],
		about: { manufacturer: "Northworks", model: "EM-3", installed: "2022-01-10" },
	},
];

export const lineAssets = (line: number): DemoAsset[] =>
	onLine.map(({ kind, stem, title, about }) => ({
		name: `${stem}-${line}`,
		path: `${building}/line-${line}/${stem}-${line}`,
		kind,
		title: [`${title[0]} ${line}`, `${title[1]} ${line}`],
		about: { ...about, serial: `NW-${stem.toUpperCase()}-${line}07` },
	}));

const cell = `${building}/process-cell`;

/** A pump of the size NK 40-160 as the specification names it. */
const pumpAbout = { manufacturer: "Grundfos", model: "NK-40-160", installed: "2019-06-15", overhauled: "2024-03-10" };

export const processAssets: readonly DemoAsset[] = [
	{
		name: "reactor-7",
		path: `${cell}/reactor-7`,
		kind: "reactor",
		title: ["Reactor 7", "Reactor 7"],
		about: { manufacturer: "Northworks", volume: "2000 L", installed: "2018-05-04" },
	},
	{
		name: "curing-oven-7",
		path: `${cell}/curing-oven-7`,
		kind: "oven",
		title: ["Curing oven 7", "Horno de curado 7"],
		about: { manufacturer: "Northworks", installed: "2005-09-12" },
	},
	{
		name: "pump-001",
		path: `${cell}/pump-001`,
		kind: "pump",
		title: ["Pump 001 · tempering loop", "Bomba 001 · circuito de atemperado"],
		about: { ...pumpAbout, serial: "PUMP-LINE3-001" },
	},
	{
		name: "pump-002",
		path: `${cell}/pump-002`,
		kind: "pump",
		title: ["Pump 002 · chilled water", "Bomba 002 · agua fría"],
		about: { ...pumpAbout, serial: "PUMP-LINE3-002", overhauled: "2025-02-21" },
	},
	{
		name: "clean-room",
		path: `${cell}/clean-room`,
		kind: "room",
		title: ["Clean room", "Sala limpia"],
		about: { class: "ISO 7", area: "120 m²" },
	},
];

export const lineNumbers = lines.map((line) => line.number);

export const places: Readonly<Record<string, { title: Title; level: string; order: number }>> = {
	northworks: { title: ["Northworks", "Northworks"], level: "enterprise", order: 1 },
	[building]: { title: ["Building A", "Edificio A"], level: "site", order: 1 },
	...Object.fromEntries(
		lineNumbers.map(
			(line) =>
				[
					`${building}/line-${line}`,
					{ title: lineMakes[line] ?? [`Line ${line}`, `Línea ${line}`], level: "line", order: line },
				] as const,
		),
	),
	[cell]: { title: ["Process cell", "Célula de proceso"], level: "cell", order: 4 },
};
