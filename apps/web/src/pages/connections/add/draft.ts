import { levelFrom } from "@millwright/core";
import { type Field, valuesOf } from "../../../parts/form/fields.ts";
import { isBlank, numberIn, type RegisterRow } from "./register-row.ts";

/** Everything typed so far; nothing of it is real until it is applied. */
export interface Draft {
	driver: string;
	settings: Record<string, string>;
	every: string;
	source: "table" | "browse" | "map";
	rows: RegisterRow[];
	/** An existing machine map, and what is added to its addresses. */
	map: string;
	shift: Record<string, string>;
	fill: Record<string, string>;
	place: string;
	name: string;
	/** Empty means a template made from the table. */
	template: string;
}

export const firstDraft: Draft = {
	driver: "",
	settings: {},
	every: "1s",
	source: "table",
	rows: [],
	map: "",
	shift: {},
	fill: {},
	place: "",
	name: "",
	template: "",
};

/** A name as a level, or nothing while it is being typed. */
export function levelOrNothing(text: string): string {
	try {
		return levelFrom(text);
	} catch {
		return "";
	}
}

export const filledRows = (draft: Draft): RegisterRow[] => draft.rows.filter((row) => !isBlank(row));

export const assetPath = (draft: Draft): string =>
	[...draft.place.split("/").map(levelOrNothing), levelOrNothing(draft.name)].filter((level) => level !== "").join("/");

export const connectionName = (draft: Draft): string => levelOrNothing(draft.name).replace(/[._]/g, "-").slice(0, 63);

const booleanTypes = ["bool", "bit"];

/** What kind of value a row is, from what the driver calls it. */
export function kindOf(address: Record<string, unknown>): "number" | "boolean" | "text" {
	const type = String(address.type ?? "");
	if (booleanTypes.includes(type) || (type === "" && (address.table === "coil" || address.table === "discrete")))
		return "boolean";
	return type === "string" ? "text" : "number";
}

const pair = (low: string, high: string): [number, number] | undefined => {
	const from = numberIn(low);
	const to = numberIn(high);
	return from !== undefined && to !== undefined && to > from ? [from, to] : undefined;
};

/** The tags of a machine map, by name. */
export function mapTags(rows: RegisterRow[], fields: Field[]): Record<string, Record<string, unknown>> {
	return Object.fromEntries(
		rows.map((row) => {
			const address = valuesOf(fields, row.address);
			const scale = numberIn(row.scale);
			const offset = numberIn(row.offset);
			const range = pair(row.min, row.max);
			const pipeline = {
				...(scale !== undefined && scale !== 1 ? { scale } : {}),
				...(offset !== undefined && offset !== 0 ? { offset } : {}),
				...(range ? { range: { min: range[0], max: range[1] } } : {}),
			};
			return [
				levelOrNothing(row.name),
				{
					address,
					kind: kindOf(address),
					...(row.unit.trim() ? { unit: row.unit.trim() } : {}),
					...(Object.keys(pipeline).length > 0 ? { pipeline } : {}),
				},
			];
		}),
	);
}

const shownOnOverview = 4;

/** A template from the table: what each tag is called, its unit, its scale, its normal band. */
export function templateFrom(draft: Draft, fields: Field[]): Record<string, unknown> {
	let shown = 0;
	return {
		title: draft.name.trim(),
		tags: Object.fromEntries(
			filledRows(draft).map((row) => {
				const kind = kindOf(valuesOf(fields, row.address));
				const range = pair(row.min, row.max);
				const normal = pair(row.normalLow, row.normalHigh);
				return [
					levelOrNothing(row.name),
					{
						title: row.name.trim(),
						kind,
						...(row.unit.trim() ? { unit: row.unit.trim() } : {}),
						...(range ? { range } : {}),
						...(normal ? { normal } : {}),
						...(kind === "number" && shown < shownOnOverview ? { overview: ++shown } : {}),
					},
				];
			}),
		),
	};
}

/** What is asked of the configuration: a connection with one machine, and the map it brings. */
export function changeOf(draft: Draft, settingFields: Field[], addressFields: Field[]) {
	const asset = assetPath(draft);
	const own = connectionName(draft);
	const map = draft.source === "map" ? draft.map : own;
	const shift = Object.fromEntries(
		Object.entries(draft.shift).flatMap(([name, text]) => {
			const by = numberIn(text);
			return by === undefined || by === 0 ? [] : [[name, by] as const];
		}),
	);
	const fill = Object.fromEntries(Object.entries(draft.fill).filter(([, text]) => text.trim() !== ""));
	return {
		connection: own,
		settings: {
			driver: draft.driver,
			title: draft.name.trim(),
			settings: valuesOf(settingFields, draft.settings),
			every: draft.every,
			machines: [
				{
					asset,
					map,
					...(Object.keys(shift).length > 0 ? { shift } : {}),
					...(Object.keys(fill).length > 0 ? { with: fill } : {}),
				},
			],
		} as Record<string, unknown>,
		maps:
			draft.source === "map"
				? {}
				: { [map]: { title: draft.name.trim(), driver: draft.driver, tags: mapTags(filledRows(draft), addressFields) } },
	};
}

/** A new machine does not push its neighbours from where people look for them. */
const addedLast = 1000;

/** The asset, and the template when it is new. */
export function assetsOf(draft: Draft, addressFields: Field[]) {
	const template = draft.template || connectionName(draft);
	return {
		assets: { [assetPath(draft)]: { template, title: draft.name.trim(), order: addedLast } },
		templates: draft.template ? {} : { [template]: templateFrom(draft, addressFields) },
	};
}
