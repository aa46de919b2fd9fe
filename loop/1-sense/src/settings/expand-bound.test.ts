import { expect, test } from "vitest";
import { ConnectionSettings, MachineMap } from "../api.ts";
import { expandTags } from "./expand.ts";

test("a short text that multiplies machines by tags is refused before it fills the memory", () => {
	const tags = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`t${at}`, { address: { register: at } }]));
	const maps = { big: MachineMap.parse({ driver: "modbus", tags }) };
	const machines = Array.from({ length: 500 }, (_, at) => ({ asset: `site/m-${at}`, map: "big" }));
	const { tags: made, problems } = expandTags(ConnectionSettings.parse({ driver: "modbus", settings: {}, machines }), maps);
	expect(made).toEqual([]);
	expect(problems).toMatchObject([{ code: "sense.too-many-tags", message: "The connection has 250000 tags" }]);
});
