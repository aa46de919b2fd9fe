import { ConnectionSettings, MachineMap } from "@millwright/sense/api";
import { AssetTemplate } from "@millwright/twin/api";
import { expect, test } from "vitest";
import { fieldsOf } from "../../../parts/form/fields.ts";
import { assetPath, assetsOf, changeOf, type Draft, firstDraft } from "./draft.ts";
import { rowsOf } from "./parse-table.ts";

const settingFields = fieldsOf({ properties: { host: { type: "string" }, port: { type: "integer" } }, required: ["host"] });
const addressFields = fieldsOf({
	properties: {
		table: { enum: ["holding", "coil"] },
		register: { type: "integer" },
		type: { type: "string" },
		order: { enum: ["ABCD", "CDAB"] },
	},
});
const draft: Draft = {
	...firstDraft,
	driver: "modbus",
	settings: { host: "127.0.0.1", port: "15029" },
	place: "Northworks/Building A",
	name: "Palletizer 9",
	rows: rowsOf(
		"name,register,type,unit,scale,min,max\nMotor temperature,4,int16,Cel,0.1,0,120\nGuard,7,bool",
		addressFields.map((field) => field.name),
		{ table: "holding" },
	),
};

test("what is typed becomes a connection, a machine map and a template that their schemas accept", () => {
	const change = changeOf(draft, settingFields, addressFields);
	expect(change.connection).toBe("palletizer-9");
	expect(ConnectionSettings.parse(change.settings)).toMatchObject({
		settings: { host: "127.0.0.1", port: 15029 },
		machines: [{ asset: "northworks/building-a/palletizer-9", map: "palletizer-9" }],
	});
	const map = MachineMap.parse(change.maps["palletizer-9"]);
	expect(map.tags["motor-temperature"]).toMatchObject({
		address: { table: "holding", register: 4, type: "int16" },
		unit: "Cel",
		pipeline: { scale: 0.1, range: { min: 0, max: 120 } },
	});
	expect(map.tags.guard?.kind).toBe("boolean");

	const { assets, templates } = assetsOf(draft, addressFields);
	expect(assets).toEqual({
		"northworks/building-a/palletizer-9": { template: "palletizer-9", title: "Palletizer 9", order: 1000 },
	});
	const template = AssetTemplate.parse(templates["palletizer-9"]);
	expect(Object.keys(template.tags)).toEqual(Object.keys(map.tags));
	expect(template.tags["motor-temperature"]).toMatchObject({ title: "Motor temperature", range: [0, 120], overview: 1 });
});

test("an existing map and template are named, moved and filled, not written anew", () => {
	const known: Draft = {
		...draft,
		source: "map",
		map: "cnc",
		template: "cnc",
		shift: { register: "100", bit: "" },
		fill: { node: "CNC1" },
	};
	const change = changeOf(known, settingFields, addressFields);
	expect(change.maps).toEqual({});
	expect(change.settings.machines).toEqual([
		{ asset: assetPath(known), map: "cnc", shift: { register: 100 }, with: { node: "CNC1" } },
	]);
	expect(assetsOf(known, addressFields)).toEqual({
		assets: { [assetPath(known)]: { template: "cnc", title: "Palletizer 9", order: 1000 } },
		templates: {},
	});
});
